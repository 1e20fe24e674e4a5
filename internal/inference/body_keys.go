package inference

import (
	"bytes"
	"slices"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// bodyKeys says which top-level keys of a body are refused beside "model": those by
// which some server chooses a model, another server or another caller's object. No
// list of such keys is complete. So a key is refused for what its name has in it,
// unless the route allows that key. A key with the value null names nothing.
//
// Only the top level is looked at. What is inside "metadata", "tools" or "messages"
// is the caller's own text to most servers. A key that brings more keys to the top
// level, such as LiteLLM's extra_body, is refused as a whole.
type bodyKeys struct {
	allowed   []string // exact names
	refused   *fragments
	ownNames  []string // whole folded names
	responses []string // whole folded names of the Responses API
	stored    bool     // objects that the server keeps may be addressed
}

// choosingFragments are parts of the keys by which servers choose a model or a
// server, folded:
//
//   - model: draft_model, models, model_list (OpenRouter, LiteLLM), speculative_model
//   - lora: lora_path (SGLang, python/sglang/srt/entrypoints/openai/protocol.py),
//     lora_request (TensorRT-LLM, tensorrt_llm/serve/openai_protocol.py), lora (llama.cpp)
//   - adapter: adapter_id, adapters, merged_adapters (LoRAX, TGI)
//   - fallback, deployment, router, routing, litellm, user_config, api_base, base_url,
//     endpoint, provider, api_key, extra_body, extra_headers: LiteLLM
//     (litellm/proxy/route_llm_request.py, litellm/router.py)
//   - engine: OpenAI's older name of a model, LiteLLM
//   - kv_transfer (vLLM, vllm/entrypoints/openai/protocol.py), disagg (TensorRT-LLM),
//     bootstrap, dp_rank, data_parallel (SGLang), migration (LMDeploy), nvext (Dynamo):
//     another server that computes a part
var choosingFragments = []string{
	"model", "lora", "adapter", "fallback", "deployment", "engine", "router", "routing", "provider", "litellm", "userconfig",
	"apibase", "baseurl", "endpoint", "apikey", "extrabody", "extraheader",
	"kvtransfer", "disagg", "bootstrap", "dprank", "dataparallel", "migration", "nvext",
}

// choosingNames are keys that choose, and whose names are too common for a fragment:
// OpenRouter's.
var choosingNames = []string{"route", "preset"}

// storedFragments are parts of the keys that address an object that a server keeps,
// perhaps another caller's: of OpenAI's Responses, Files and Assistants, Anthropic's
// containers, SGLang's sessions, Gemini's caches, LiteLLM's prompts.
var (
	storedFragments = []string{
		"previousresponse", "conversation", "fileid", "threadid", "assistantid", "vectorstore", "cachedcontent", "promptid",
		"sessionid", "sessionparams",
	}
	storedNames = []string{"container"}
	// storedResponseNames are so in the Responses API: there a prompt is a stored one.
	storedResponseNames = []string{"prompt"}
)

// fragments are parts of folded names (see foldKey), by their first byte. A body has up to
// a thousand keys of 256 bytes, and each byte of them is looked at once.
type fragments [256][]string

// add adds a fragment. An empty one, which the configuration must not have, is left out.
func (f *fragments) add(fragment string) {
	if fragment != "" {
		f[fragment[0]] = append(f[fragment[0]], fragment)
	}
}

// in reports whether one of the fragments is in a folded name.
func (f *fragments) in(folded []byte) bool {
	for i, c := range folded {
		for _, fragment := range f[c] {
			n := len(fragment)
			if n > len(folded)-i || n > 1 && folded[i+1] != fragment[1] { // without a call, most often
				continue
			}
			if string(folded[i:i+n]) == fragment {
				return true
			}
		}
	}
	return false
}

// compileBodyKeys reads "bodyKeys" and "storedObjects".
func compileBodyKeys(o strictjson.Object) *bodyKeys {
	k := &bodyKeys{refused: &fragments{}, ownNames: choosingNames}
	for _, fragment := range choosingFragments {
		k.refused.add(fragment)
	}
	if k.stored = o.Get("storedObjects").Bool(); !k.stored {
		for _, fragment := range storedFragments {
			k.refused.add(fragment)
		}
		k.ownNames = slices.Concat(k.ownNames, storedNames)
		k.responses = storedResponseNames
	}
	v := o.Get("bodyKeys")
	if !v.Exists() {
		return k
	}
	lists := v.Object("allow", "refuse")
	if v.JSON().IsObject() && len(lists.Members) == 0 {
		v.Fail(`needs "allow" or "refuse"`)
	}
	k.allowed = lists.Get("allow").Texts()
	for i, text := range lists.Get("refuse").Texts() {
		folded := foldKey(nil, []byte(text))
		if text != "" && !bytes.ContainsFunc(folded, func(r rune) bool { return r < 0x80 && identifierBytes[r] }) {
			lists.Get("refuse").Items()[i].MustBe("a part of a key, with a letter or a digit")
		}
		k.refused.add(string(folded))
	}
	return k
}

// refuses reports whether a body must not have a key. It is the Refuses of scan.Limits.
func (k *bodyKeys) refuses(name []byte) bool {
	var memory [256]byte
	folded := foldKey(memory[:0], name)
	return k.chooses(folded) && !contains(k.allowed, name)
}

// refusesInResponse is refuses for a body of the Responses API.
func (k *bodyKeys) refusesInResponse(name []byte) bool {
	var memory [256]byte
	folded := foldKey(memory[:0], name)
	return (k.chooses(folded) || contains(k.responses, folded)) && !contains(k.allowed, name)
}

func (k *bodyKeys) chooses(folded []byte) bool {
	return k.refused.in(folded) || contains(k.ownNames, folded)
}

// contains is slices.Contains without a copy of name.
func contains(names []string, name []byte) bool {
	return slices.ContainsFunc(names, func(s string) bool { return s == string(name) })
}

// foldKey appends a name in lower case and without "_", "-" and ".", which servers
// and clients write in different ways. Two characters that are not ASCII are the
// letters s and k in another case (Unicode's CaseFolding.txt).
func foldKey(to, name []byte) []byte {
	const longS, kelvin = "\u017f", "\u212a"
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '_' || c == '-' || c == '.':
		case 'A' <= c && c <= 'Z':
			to = append(to, c+'a'-'A')
		case c < 0x80:
			to = append(to, c)
		case bytes.HasPrefix(name[i:], []byte(longS)):
			to, i = append(to, 's'), i+len(longS)-1
		case bytes.HasPrefix(name[i:], []byte(kelvin)):
			to, i = append(to, 'k'), i+len(kelvin)-1
		default:
			to = append(to, c)
		}
	}
	return to
}
