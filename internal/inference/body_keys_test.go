package inference_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// schemaKeys are the fields of requests as the field's servers define them. None of
// them may be refused.
var schemaKeys = []struct{ source, path, keys string }{
	{"OpenAI's chat completions", "chat/completions", `messages model modalities audio frequency_penalty function_call functions logit_bias
		logprobs max_completion_tokens max_tokens metadata n parallel_tool_calls prediction presence_penalty prompt_cache_key
		prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options
		temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`},
	{"OpenAI's completions", "completions", `model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty
		seed stop stream stream_options suffix temperature top_p user`},
	{"OpenAI's responses", "responses", `background include input instructions max_output_tokens max_tool_calls metadata model
		parallel_tool_calls prompt_cache_key reasoning safety_identifier service_tier store stream stream_options temperature text
		tool_choice tools top_logprobs top_p truncation user context_management client_metadata`},
	{"OpenAI's embeddings", "embeddings", `input model dimensions encoding_format user`},
	{"Anthropic's messages", "messages", `model messages max_tokens metadata service_tier stop_sequences stream system temperature thinking
		tool_choice tools top_k top_p context_management mcp_servers output_config output_format inference_geo speed anthropic_version
		anthropic_beta`},
	{"Cohere's and Jina's rerank", "rerank", `model query documents top_n return_documents max_chunks_per_doc max_tokens_per_doc rank_fields
		truncate_prompt_tokens priority`},
	{"vLLM's chat: vllm/entrypoints/openai/protocol.py", "chat/completions", `use_beam_search top_k min_p repetition_penalty length_penalty
		stop_token_ids include_stop_str_in_output ignore_eos min_tokens skip_special_tokens spaces_between_special_tokens
		truncate_prompt_tokens prompt_logprobs allowed_token_ids bad_words echo add_generation_prompt continue_final_message
		add_special_tokens documents chat_template chat_template_kwargs mm_processor_kwargs structured_outputs guided_json guided_regex
		guided_choice guided_grammar guided_decoding_backend guided_whitespace_pattern priority request_id logits_processors
		return_tokens_as_token_ids return_token_ids cache_salt vllm_xargs include_reasoning thinking_token_budget min_tokens`},
	{"vLLM's embeddings and rerank", "embeddings", `additional_data add_special_tokens normalize embed_dtype endianness messages
		chat_template input_type activation`},
	{"SGLang's chat: python/sglang/srt/entrypoints/openai/protocol.py", "chat/completions", `top_k min_p min_tokens regex ebnf
		repetition_penalty stop_token_ids stop_regex no_stop_trim ignore_eos continue_final_message skip_special_tokens
		separate_reasoning stream_reasoning chat_template_kwargs return_hidden_states rid extra_key cache_salt priority custom_params
		return_cached_tokens_details return_routed_experts routed_experts_start_len return_meta_info return_prompt_token_ids input_ids
		json_schema task max_dynamic_patch use_audio_in_video images_config custom_labels`},
	{"TensorRT-LLM's: tensorrt_llm/serve/openai_protocol.py", "completions", `top_k top_p_min min_p return_context_logits detokenize
		prompt_ignore_length embedding_bias include_stop_str_in_output guided_decoding_params length_penalty early_stopping`},
}

// openAIRoute is a route with more fields.
func openAIRoute(more string) string {
	return `[{"protocol": "openai", "service": "prod/llm"` + more + `}]`
}

// refusesKey reports whether a body of a path may not have the key.
func refusesKey(t testing.TB, routes *inference.Routes, path, key string) bool {
	t.Helper()
	m, why := routes.Match(request("POST /v1/"+path, public))
	if why != reason.Allowed || m.Body == nil || m.Body.Refuses == nil {
		t.Fatalf("Match(%s) = %s, want one whose body refuses keys", path, why)
	}
	return m.Body.Refuses([]byte(key))
}

func TestKeysOfSchemasPass(t *testing.T) {
	routes := compile(t, openAIRoute(""))
	for _, schema := range schemaKeys {
		for _, key := range strings.Fields(schema.keys) {
			t.Run(schema.source+"/"+key, func(t *testing.T) {
				if key != "model" && refusesKey(t, routes, schema.path, key) {
					t.Errorf("%s: %q is refused", schema.source, key)
				}
			})
		}
	}
}

// choosingKeys choose a model or a server.
const choosingKeys = `lora_path lora_request lora lora_name LORA_PATH loraPath lora-path lora.path x_lora adapter adapter_id adapters
	adapter_source merged_adapters draft_model speculative_model models model_list model_name model_id target_model modelId mod-el
	fallbacks context_window_fallbacks content_policy_fallbacks default_fallbacks fallback_models FALLBACKS fallbac` + "\u212a" + `s
	deployment deployment_id specific_deployment engine engine_id router router_settings_override routing_strategy user_config
	userConfig api_base apiBase base_url baseURL endpoint azure_endpoint custom_llm_provider provider api_key extra_body
	extra_headers litellm_params litellm_metadata kv_transfer_params disaggregated_params bootstrap_host bootstrap_room dp_rank
	data_parallel_rank routed_dp_rank migration_request nvext route preset`

// storedKeys address an object that a server keeps.
const storedKeys = `previous_response_id conversation conversation_id file_id file_ids input_file_id thread_id assistant_id
	vector_store_ids cached_content prompt_id session_id session_params container`

func TestKeysThatChoose(t *testing.T) {
	strict, open := compile(t, openAIRoute("")), compile(t, openAIRoute(`, "storedObjects": true`))
	for path := range strings.FieldsSeq("chat/completions completions responses messages embeddings rerank") {
		for key := range strings.FieldsSeq(choosingKeys) {
			t.Run(path+"/"+key, func(t *testing.T) {
				if !refusesKey(t, strict, path, key) || !refusesKey(t, open, path, key) {
					t.Errorf("%q is not refused", key)
				}
			})
		}
		for key := range strings.FieldsSeq(storedKeys) {
			t.Run(path+"/"+key, func(t *testing.T) {
				if !refusesKey(t, strict, path, key) {
					t.Errorf("%q is not refused", key)
				}
				if refusesKey(t, open, path, key) {
					t.Errorf("%q is refused with storedObjects", key)
				}
			})
		}
		if got, want := refusesKey(t, strict, path, "prompt"), path == "responses"; got != want || refusesKey(t, open, path, "prompt") {
			t.Errorf("%s: prompt is refused: %v, want %v, and not with storedObjects", path, got, want)
		}
	}
}

func TestBodyKeys(t *testing.T) {
	for _, c := range []struct{ fields, refused, passes string }{
		{`, "bodyKeys": {"allow": ["lora_path"]}`, "lora_request LORA_PATH loraPath lora-path fallbacks", "lora_path"},
		{`, "bodyKeys": {"allow": ["fallbacks", "nvext"]}`, "fallback lora_path conversation", "fallbacks nvext"},
		{`, "bodyKeys": {"allow": ["conversation"]}`, "previous_response_id lora_path", "conversation"},
		{`, "bodyKeys": {"allow": ["prompt"]}`, "prompt_id", "prompt"},
		{`, "bodyKeys": {"refuse": ["Tier", "x_y"]}`, "service_tier tiers XY axyb x-y lora_path", "service xz"},
		{`, "bodyKeys": {"refuse": ["tier"], "allow": ["service_tier"]}`, "tier lora_path", "service_tier"},
		{`, "storedObjects": true`, "lora_path", "conversation previous_response_id prompt container"},
		{`, "storedObjects": false`, "lora_path conversation prompt", "input"},
	} {
		t.Run(c.fields, func(t *testing.T) {
			routes := compile(t, openAIRoute(c.fields))
			for key := range strings.FieldsSeq(c.refused) {
				if !refusesKey(t, routes, "responses", key) {
					t.Errorf("%q passes", key)
				}
			}
			for key := range strings.FieldsSeq(c.passes) {
				if refusesKey(t, routes, "responses", key) {
					t.Errorf("%q is refused", key)
				}
			}
		})
	}
}

// TestBodyKeysAreDocumented: docs/bodies.md names every part.
func TestBodyKeysAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/bodies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Keys of an OpenAI body\n")
	section, _, _ = strings.Cut(section, "\n#")
	for _, part := range inference.RefusedParts {
		if !strings.Contains(section, "`"+part+"`") {
			t.Errorf("docs/bodies.md does not name `%s`", part)
		}
	}
}

// FuzzBodyKeys: a key that a body may have does not have a fragment of the short
// list, whatever its case and its separators; and no two spellings of it differ.
func FuzzBodyKeys(f *testing.F) {
	for key := range strings.FieldsSeq(choosingKeys + " " + storedKeys) {
		f.Add(key)
	}
	routes := compile(f, openAIRoute(""))
	m, _ := routes.Match(request("POST /v1/responses", public))
	f.Fuzz(func(t *testing.T, key string) {
		refused := m.Body.Refuses([]byte(key))
		for _, other := range []string{strings.ToUpper(key), strings.ToLower(key), strings.ReplaceAll(key, "_", "-"), key + "_", "." + key} {
			if m.Body.Refuses([]byte(other)) != refused && strings.EqualFold(key, strings.ToUpper(key)) {
				t.Errorf("Refuses(%q) = %v, Refuses(%q) = %v", key, refused, other, !refused)
			}
		}
		plain := strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(key))
		for fragment := range strings.FieldsSeq("model lora adapter fallback deployment engine router apibase previousresponse fileid") {
			if strings.Contains(plain, fragment) && !refused {
				t.Errorf("Refuses(%q) = false, but it contains %s", key, fragment)
			}
		}
		doc, err := json.Marshal(map[string]any{"model": "m", key: 1})
		if err != nil || key == "model" {
			return
		}
		j := scan.NewJSON(m.Body.Keys, scan.Limits{Refuses: m.Body.Refuses})
		if e := j.Scan(doc); (e == nil || j.End() == nil) && refused && len(key) <= scan.MaxKey && json.Valid(doc) {
			t.Errorf("%s is accepted", doc)
		}
	})
}
