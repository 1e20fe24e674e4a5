// Package clients drives the libraries and programs with which people call large language
// models through a real Envoy with the module, each unchanged: the SDKs of OpenAI, Anthropic,
// Cohere, Google and Ollama for Python, those of OpenAI, Anthropic and Ollama for Node,
// LangChain, and Claude Code. Every call is made for a model that the caller may use and for
// one that it may not, which its library must report in its own words.
//
// The server behind the gate is a stand-in: it answers each API in its documented form, and
// writes down which model each request named.
//
// The tests have the build tag clients; `make e2e-clients` runs them.
package clients
