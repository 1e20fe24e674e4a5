package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/headonly"
	"github.com/modelgate/modelgate/internal/scan"
)

// endpoint is one row of the table of what servers of the OpenAI family answer.
type endpoint struct {
	methods string // with blanks between them
	// paths have blanks between them. One that begins with '/' is below the root of the
	// server, one that begins with '+' is there and below the base, and others are below
	// the base.
	paths string
	verb  Verb
	body  bodyForm
	query []string // the parameters of a query that it may have beside those of every endpoint
	list  *Listing
}

// bodyForm is how a body names the model: an index of openAI.bodies.
type bodyForm uint8

const (
	noBody        bodyForm = iota // the body is not read: the call is on the server as a whole
	modelBody                     // "model"
	responseBody                  // "model", beside the keys of the Responses API
	formBody                      // "model", in JSON or in a form
	ollamaBody                    // "model" or "name"
	sageMakerBody                 // "model", or TGI's parameters.adapter_id
	serverBody                    // the server reads no "model": it has one
	geminiBody                    // the path, and the body may do so again
	bodyForms
)

// endpoints are the paths of vLLM 0.32 (vllm/entrypoints), SGLang 0.5.23
// (python/sglang/srt/entrypoints/http_server.py, sglang/multimodal_gen), Ollama
// (server/routes.go), LiteLLM 1.110 (litellm/proxy/_types.py: LiteLLMRoutes), TGI
// (router/src/server.rs), Triton's OpenAI frontend (python/openai/openai_frontend),
// llama.cpp (tools/server/server.cpp), Envoy AI Gateway (cmd/extproc/mainlib/main.go), and of
// the clients of OpenAI, Azure, Anthropic, Cohere and Gemini. See parseModels, parseDeployment
// and unreadable for those with a name or an identifier in the path.
var endpoints = []endpoint{
	{"POST", "+chat/completions +completions chat/completions/batch +chat/completions/input_tokens /completion /infill /apply-template",
		Generate, modelBody, nil, nil},
	{"POST", "messages messages/count_tokens", Generate, modelBody, nil, nil},
	{"POST", "+responses +responses/input_tokens +responses/compact", Generate, responseBody, nil, nil},
	{"POST", "chat generate summarize /v2/chat /cohere/v2/chat", Generate, modelBody, nil, nil},
	{"POST", "+decisions +systemone +extraction /inference/v1/generate /generative_scoring", Generate, modelBody, nil, nil},
	{"POST", "chat/completions/render chat/completions/derender completions/render completions/derender messages/render " +
		"/cohere/v2/chat/render",
		Generate, modelBody, nil, nil},
	{"POST", "responses/render", Generate, responseBody, nil, nil},
	{"POST", "+embeddings embed /v2/embed /embedding +score /pooling +moderations", Predict, modelBody, nil, nil},
	{"POST PUT", "+rerank /v2/rerank +reranking +classify", Predict, modelBody, nil, nil},
	{"POST", "+audio/speech +ocr /cursor/chat/completions /queue/chat/completions", Generate, modelBody, nil, nil},
	{"POST", "+audio/transcriptions +audio/translations +images/generations +images/edits +images/variations +videos",
		Generate, formBody, nil, nil},
	{"POST", "+tokenize", Generate, sageMakerBody, nil, nil},
	{"POST", "+detokenize /chat_tokenize /utils/token_counter", Generate, modelBody, nil, nil},
	{"POST", "/invocations", Generate, sageMakerBody, nil, nil},
	{"POST PUT", "/generate", Generate, serverBody, nil, nil},
	{"POST", "/generate_stream /", Generate, serverBody, nil, nil},
	{"POST PUT", "/encode", Predict, serverBody, nil, nil},
	{"POST", "/parse_function_call /separate_reasoning", Generate, noBody, nil, nil},

	{"GET", "+models /cursor/models /cursor/v1/models", List, noBody, listQuery, modelsListing},
	{"GET", "/v1beta/models", List, noBody, geminiListQuery, geminiListing},
	{"GET", "/api/tags", List, noBody, nil, ollamaListing},
	{"GET", "/api/ps", List, noBody, nil, runningListing},

	{"POST", "/api/chat /api/generate", Generate, ollamaBody, nil, nil},
	{"POST", "/api/embed /api/embeddings", Predict, ollamaBody, nil, nil},
	{"POST", "/api/show", Metadata, ollamaBody, nil, nil},

	{"GET HEAD", "/ /api/version /health /health_generate /health/ready /health/readiness /health/liveliness /health/liveness " +
		"/ping /ready /liveness",
		Ready, noBody, nil, nil},
	{"POST", "/ping", Ready, noBody, nil, nil},
	{"HEAD", "/api/tags", Ready, noBody, nil, nil},
	{"GET", "health", Ready, noBody, nil, nil},
	{"GET HEAD", "/version", Metadata, noBody, nil, nil},
	{"GET", "/info +model_info /get_model_info /load loads +model/info /v2/model/info /model_group/info /metrics /props " +
		"/tokenizer_info /api/status /is_sleeping /is_paused /stats",
		Metadata, noBody, nil, nil},
	{"GET POST", "/is_scaling_elastic_ep", Metadata, noBody, nil, nil},

	{"POST", "+load_lora_adapter +unload_lora_adapter /load_lora_adapter_from_tensors set_lora merge_lora_weights unmerge_lora_weights " +
		"/lora-adapters /adapters /props /models /models/load /models/unload", Admin, noBody, nil, nil},
	{"GET", "list_loras /lora-adapters /slots /models/sse", Admin, noBody, nil, nil},
	{"DELETE", "/models", Admin, noBody, nil, nil},
	{"POST", "/api/pull /api/push /api/create /api/copy /api/me /api/signout /api/experimental/web_search /api/experimental/web_fetch",
		Admin, noBody, nil, nil},
	{"DELETE", "/api/delete", Admin, noBody, nil, nil},
	{"GET", "/api/experimental/model-recommendations", Admin, noBody, nil, nil},
	{"POST", "/sleep /wake_up /pause /resume /collective_rpc /scale_elastic_ep /abort_requests /inference/v1/abort_requests " +
		"/reset_prefix_cache /reset_mm_cache /reset_encoder_cache /release_kv_cache_memory /fault_tolerance/apply " +
		"/init_weight_transfer_engine /shutdown_weight_transfer_engine /start_weight_update /start_draft_weight_update " +
		"/update_weights /finish_weight_update /update_weight_version /weight_checker " + // vLLM's until here
		"/update_weights_from_disk /update_weights_from_tensor /update_weights_from_tensor_checker /update_weights_from_distributed " +
		"/update_weights_from_ipc /begin_weight_update /end_weight_update /init_weights_update_group /destroy_weights_update_group " +
		"/init_weights_send_group_for_remote_instance /send_weights_to_remote_instance /get_weights_checksum /abort_request " +
		"/pause_generation /continue_generation /add_external_corpus /remove_external_corpus /pd_role_switch " +
		"/hicache/storage-backend/clear chat/completions/control", Admin, noBody, nil, nil},
	{"GET POST", "/start_profile /stop_profile /flush_cache /set_trace_level /freeze_gc /start_expert_distribution_record " +
		"/stop_expert_distribution_record /dump_expert_distribution_record /get_weights_by_name /release_memory_occupation " +
		"/resume_memory_occupation /weights_checker /slow_down /configure_logging", Admin, noBody, nil, nil},
	{"POST PUT", "/set_internal_state", Admin, noBody, nil, nil},
	{"PUT", "/register_transfer_engine_info", Admin, noBody, nil, nil},
	{"PUT DELETE GET", "/hicache/storage-backend", Admin, noBody, nil, nil},
	{"GET", "/server_info /get_server_info /kv_event_sources /fault_tolerance/status /get_world_size /weight_info " +
		"/list_external_corpora /get_hicache_l3_cache_layout /get_remote_instance_transfer_engine_info " +
		"/remote_instance_transfer_engine_info /get_transfer_engine_info", Admin, noBody, nil, nil},
}

// What clients ask for beside the path: Anthropic's (anthropic-sdk-python,
// types/model_list_params.py), and Gemini's.
var (
	listQuery       = []string{"limit", "after_id", "before_id"}
	geminiListQuery = []string{"pageSize", "pageToken", "queryBase"}
	geminiQuery     = []string{"alt", "$alt", "%24alt"}
)

// requestLine is a key of atBase and atRoot.
type requestLine struct{ method, path string }

// atBase and atRoot are the endpoints below the base of a server and below its root.
var atBase, atRoot = endpointsAt()

func endpointsAt() (base, root map[requestLine]*endpoint) {
	if headonly.Enabled {
		return nil, nil
	}
	base, root = map[requestLine]*endpoint{}, map[requestLine]*endpoint{}
	for i := range endpoints {
		e := &endpoints[i]
		for method := range strings.FieldsSeq(e.methods) {
			for path := range strings.FieldsSeq(e.paths) {
				rest := strings.TrimLeft(path, "/+")
				if path[0] != '/' {
					base[requestLine{method, rest}] = e
				}
				if path[0] == '/' || path[0] == '+' {
					root[requestLine{method, rest}] = e
				}
			}
		}
	}
	return base, root
}

// unreadable are the paths, and what is below them, of which no request says which model it
// is for, or not where the gate reads it.
var unreadable = []struct{ path, where string }{
	{"batches", "a file"},
	{"messages/batches", "a list of requests"},
	{"files", "an object of the server"},
	{"uploads", "an object of the server"},
	{"fine_tuning", "an object of the server"},
	{"fine-tunes", "an object of the server"},
	{"chat/completions", "an object of the server"},
	{"responses", "an object of the server"},
	{"assistants", "an object of the server"},
	{"threads", "an object of the server"},
	{"conversations", "an object of the server"},
	{"vector_stores", "an object of the server"},
	{"containers", "an object of the server"},
	{"evals", "an object of the server"},
	{"videos", "an object of the server"},
	{"images", "an object of the server"},
	{"meshes", "an object of the server"},
	{"rag", "an object of the server"},
	{"skills", "an object of the server"},
	{"agents", "an object of the server"},
	{"sessions", "an object of the server"},
	{"interactions", "an object of the server"},
	{"cachedContents", "an object of the server"},
	{"tunedModels", "an object of the server"},
	{"open_session", "an object of the server"},
	{"close_session", "an object of the server"},
	{"stream", "an object of the server"},
	{"streams", "an object of the server"},
	{"realtime", "a stream"},
	{"realtime_video", "a stream"},
	{"live", "a stream"},
	{"vertex", "a list of requests"},
	{"vertex_generate", "a list of requests"},
}

// administered are the paths below the root at which a last segment follows that names no
// model: a layer of one, an adapter (SageMaker), a key, a slot of a cache, a method of a debugger.
var administered = []string{"api/blobs/", "adapters/", "api/user/keys/", "slots/", "dumper/"}

// geminiActions are what a path of Gemini's API may say after a model and a colon
// (ai.google.dev/api). Those with noBody name models deep inside a list, or in a file.
var geminiActions = map[string]struct {
	verb Verb
	body bodyForm
}{
	"generateContent":        {Generate, geminiBody},
	"streamGenerateContent":  {Generate, geminiBody},
	"countTokens":            {Generate, geminiBody},
	"embedContent":           {Predict, geminiBody},
	"batchEmbedContents":     {Predict, geminiBody},
	"batchGenerateContent":   {Generate, noBody},
	"asyncBatchEmbedContent": {Predict, noBody},
}

// The keys of the bodies. All of the names that a body has must agree.
var (
	ollamaKeys    = []scan.Key{{Name: "model", ID: idName}, {Name: "name", ID: idName}}
	adapterKeys   = []scan.Key{{Name: "adapter_id", ID: idName}}
	sageMakerKeys = []scan.Key{{Name: "model", ID: idName}, {Name: "parameters", Keys: adapterKeys}}
	// Protocol Buffers' JSON has each name in two spellings.
	geminiKeys = []scan.Key{
		{Name: "model", ID: idName},
		{Name: "generateContentRequest", Keys: openAIKeys}, {Name: "generate_content_request", Keys: openAIKeys},
		{Name: "generationConfig", Keys: openAIKeys}, {Name: "generation_config", Keys: openAIKeys},
		{Name: "requests", Each: true, Keys: openAIKeys},
	}
)

// setBodies makes the bodies of a route.
func (a *openAI) setBodies(k *bodyKeys) {
	a.bodies = openAIBodies(k)
	for i, body := range a.bodies {
		if body != nil {
			again := *body
			again.pathNames, a.inPath[i] = true, &again
		}
	}
}

// openAIBodies returns the bodies, by bodyForm.
func openAIBodies(k *bodyKeys) (list [bodyForms]*Body) {
	list[modelBody] = &Body{Keys: openAIKeys, Refuses: k.refuses}
	list[responseBody] = &Body{Keys: openAIKeys, Refuses: k.refusesInResponse}
	list[formBody] = &Body{Keys: openAIKeys, Refuses: k.refuses, Form: true}
	list[ollamaBody] = &Body{Keys: ollamaKeys, Refuses: k.refuses}
	list[sageMakerBody] = &Body{Keys: sageMakerKeys, Refuses: k.refuses}
	list[serverBody] = &Body{Keys: sageMakerKeys, Refuses: k.refuses, ofServer: true}
	list[geminiBody] = &Body{Keys: geminiKeys, Refuses: k.refuses, prefix: "models/", pathNames: true}
	return list
}
