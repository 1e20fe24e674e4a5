package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
)

// operate performs one operation with the arguments a. It returns the result, or "".
func operate(name string, a []string) string {
	switch name {
	case "panic":
		panic("as told")
	case "reply":
		pairs := [][2]string{{"X-Why", a[1]}}
		return failed(proxywasm.SendHttpResponse(uint32(number(a[0])), pairs, []byte(a[2]), -1))
	case "config":
		c, err := proxywasm.GetPluginConfiguration()
		return show(string(c), err)
	case "vmconfig":
		c, err := proxywasm.GetVMConfiguration()
		return show(string(c), err)
	case "tick":
		return failed(proxywasm.SetTickPeriodMilliSeconds(uint32(number(a[0]))))
	case "done":
		proxywasm.PluginDone()
	case "effective":
		return failed(proxywasm.SetEffectiveContext(uint32(number(a[0]))))
	case "resume":
		return failed(proxywasm.ResumeHttpRequest())
	case "resume-response":
		return failed(proxywasm.ResumeHttpResponse())
	default:
		return strings.Join([]string{system(name, a), headers(name, a), data(name, a), bodies(name, a), call(name, a), raw(name, a)}, "")
	}
	return ""
}

var ballast []byte

// system has the operations that use the operating system of a Go program.
func system(name string, a []string) string {
	switch name {
	case "now":
		return time.Now().UTC().Format(time.RFC3339)
	case "host-now":
		var now uint64
		proxyGetCurrentTimeNanoseconds(&now)
		return time.Unix(0, int64(now)).UTC().Format(time.RFC3339)
	case "sleep":
		time.Sleep(time.Millisecond)
		return "awake"
	case "env":
		return os.Getenv(a[0])
	case "print":
		fmt.Println(a[0])
	case "eprint":
		fmt.Fprint(os.Stderr, a[0])
	case "open":
		_, err := os.ReadFile("/etc/passwd")
		return failed(err)
	case "grow":
		ballast = make([]byte, number(a[0]))
	}
	return ""
}

// headers has the operations on the headers and trailers of both messages.
func headers(name string, a []string) string {
	switch name {
	case "get":
		return show(proxywasm.GetHttpRequestHeader(a[0]))
	case "pairs":
		return show(proxywasm.GetHttpRequestHeaders())
	case "add":
		return failed(proxywasm.AddHttpRequestHeader(a[0], a[1]))
	case "replace":
		return failed(proxywasm.ReplaceHttpRequestHeader(a[0], a[1]))
	case "remove":
		return failed(proxywasm.RemoveHttpRequestHeader(a[0]))
	case "set":
		return failed(proxywasm.ReplaceHttpRequestHeaders([][2]string{{a[0], a[1]}, {a[2], a[3]}}))
	case "set-many":
		return failed(proxywasm.ReplaceHttpRequestHeaders(make([][2]string, number(a[0]))))
	case "get-trailer":
		return show(proxywasm.GetHttpRequestTrailer(a[0]))
	case "get-response":
		return show(proxywasm.GetHttpResponseHeader(a[0]))
	case "add-response":
		return failed(proxywasm.AddHttpResponseHeader(a[0], a[1]))
	case "add-response-trailer":
		return failed(proxywasm.AddHttpResponseTrailer(a[0], a[1]))
	}
	return ""
}

// data has the operations on metrics, shared data, foreign functions and properties.
func data(name string, a []string) string {
	switch name {
	case "counter":
		m := proxywasm.DefineCounterMetric(a[0])
		m.Increment(uint64(number(a[1])))
		return strconv.FormatUint(m.Value(), 10)
	case "gauge":
		m := proxywasm.DefineGaugeMetric(a[0])
		m.Add(int64(number(a[1])))
		return strconv.FormatInt(m.Value(), 10)
	case "set-gauge":
		m := proxywasm.DefineGaugeMetric(a[0])
		proxyRecordMetric(uint32(m), uint64(number(a[1])))
		return strconv.FormatInt(m.Value(), 10)
	case "histogram":
		proxywasm.DefineHistogramMetric(a[0]).Record(uint64(number(a[1])))
	case "shared":
		value, cas, err := proxywasm.GetSharedData(a[0])
		return show(fmt.Sprintf("%s at %d", value, cas), err)
	case "share":
		return failed(proxywasm.SetSharedData(a[0], []byte(a[1]), uint32(number(a[2]))))
	case "foreign":
		value, err := proxywasm.CallForeignFunction(a[0], []byte(a[1]))
		return show(string(value), err)
	case "property":
		value, err := proxywasm.GetProperty(strings.Split(a[0], "."))
		return show(string(value), err)
	case "set-property":
		return failed(proxywasm.SetProperty(strings.Split(a[0], "."), []byte(a[1])))
	case "queue":
		_, err := proxywasm.RegisterSharedQueue(a[0])
		return failed(err)
	}
	return ""
}

// bodies has the operations on bodies.
func bodies(name string, a []string) string {
	switch name {
	case "body":
		b, err := proxywasm.GetHttpRequestBody(number(a[0]), number(a[1]))
		return show(string(b), err)
	case "append":
		return failed(proxywasm.AppendHttpRequestBody([]byte(a[0])))
	case "prepend":
		return failed(proxywasm.PrependHttpRequestBody([]byte(a[0])))
	case "swap":
		return failed(proxywasm.ReplaceHttpRequestBody([]byte(a[0])))
	case "response-body":
		b, err := proxywasm.GetHttpResponseBody(number(a[0]), number(a[1]))
		return show(string(b), err)
	}
	return ""
}

// call has the operations on HTTP calls.
func call(name string, a []string) string {
	switch name {
	case "call":
		return dispatch(a[0], number(a[1]), a[2], a[3:])
	case "callout-header":
		return show(proxywasm.GetHttpCallResponseHeaders())
	case "callout-body":
		b, err := proxywasm.GetHttpCallResponseBody(0, 10)
		return show(string(b), err)
	case "callout-trailer":
		return show(proxywasm.GetHttpCallResponseTrailers())
	}
	return ""
}

// dispatch makes an HTTP call. then has the operations for its callback, with "+" for a
// space and "," for "; ". The parts are name=value: "body" is the body, names that
// begin with "t-" are trailers, and the others are headers.
func dispatch(cluster string, timeout int, then string, parts []string) string {
	var headers, trailers [][2]string
	var body []byte
	for _, part := range parts {
		switch name, value, _ := strings.Cut(part, "="); {
		case name == "":
		case name == "body":
			body = []byte(value)
		case strings.HasPrefix(name, "t-"):
			trailers = append(trailers, [2]string{name, value})
		default:
			headers = append(headers, [2]string{name, value})
		}
	}
	then = strings.NewReplacer("+", " ", ",", "; ").Replace(then)
	_, err := proxywasm.DispatchHttpCall(cluster, headers, body, trailers, uint32(timeout), func(headers, size, trailers int) {
		proxywasm.LogInfof("called: %d headers, %d bytes, %d trailers", headers, size, trailers)
		do(then)
	})
	return failed(err)
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
