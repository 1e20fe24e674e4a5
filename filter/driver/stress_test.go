package driver_test

import (
	"crypto"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/jose"
)

var (
	stressRequests = flag.Int("requests", 100_000, "how many requests TestStress sends")
	stressPushes   = flag.Int("pushes", 200, "how many configurations TestStress puts in force meanwhile")
)

const stressConfig = `{
  "version": 1,
  "issuers": [{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["ES256"],
    "jwks": {"remote": {"uri": "https://keys.example/jwks?v=1", "cluster": "keys", "interval": "1s", "wait": "10s"}}}],
  "routes": [{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kserve"}],
  "grants": [{"name": "push %d", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/*"]}]
}`

// publisher publishes two keys at a time, and signs with the newer one.
type publisher struct {
	mu       sync.Mutex
	document []byte
	tokens   []string // of the newest key
	keys     []map[string]any
}

// rotate publishes a new key, withdraws the oldest one, and signs new tokens.
func (p *publisher) rotate(n int) error {
	key, err := jose.NewKey("ES256")
	if err != nil {
		return err
	}
	kid := fmt.Sprint("key ", n)
	var tokens []string
	for i := range 20 {
		token, err := sign(key, kid, fmt.Sprint("caller ", i))
		if err != nil {
			return err
		}
		tokens = append(tokens, token)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys[max(0, len(p.keys)-1):], jose.JWK(key, kid, "ES256"))
	p.tokens = tokens
	p.document, err = json.Marshal(map[string]any{"keys": p.keys})
	return err
}

func sign(key crypto.PrivateKey, kid, subject string) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": "https://corp.example", "aud": "models", "sub": subject, "iat": now.Unix(), "exp": now.Add(24 * time.Hour).Unix(),
	})
	token.Header["kid"] = kid
	return token.SignedString(key)
}

func (p *publisher) answer() keys.Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return keys.Answer{Headers: [][2]string{{":status", "200"}}, Body: string(p.document)}
}

func (p *publisher) token(i int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens[i%len(p.tokens)]
}

// stress is a proxy under TestStress.
type stress struct {
	*testing.T
	host    *process
	issuer  *publisher
	present atomic.Pointer[driver.Plugin]
	inUse   [threads]atomic.Pointer[driver.Plugin] // by a request of the thread
	sent    atomic.Int64
}

// TestStress: four threads decide requests while keys rotate and configurations are replaced.
// No good token is refused, whatever waits for a key is woken, and the memory does not grow.
func TestStress(t *testing.T) {
	s := &stress{T: t, host: newProcess(), issuer: &publisher{}}
	s.host.answer = s.issuer.answer
	s.host.speed = 20 // keys may be fetched each second of this clock
	if err := s.issuer.rotate(0); err != nil {
		t.Fatal(err)
	}
	s.push(0)
	var all sync.WaitGroup
	for i := range threads {
		all.Go(func() { s.worker(i) })
	}
	ended := make(chan struct{})
	go func() {
		all.Wait()
		close(ended)
	}()
	s.mainThread(ended)
	for name, n := range s.host.allMetrics() {
		if n != 0 && (name == "modelgate.waiting_bytes" || name == "modelgate.keys.corp.waiting") {
			t.Errorf("%s = %d after the last request, want 0", name, n)
		}
	}
	if s.host.metric("modelgate.keys.corp.refetch_unknown_kid") == 0 {
		t.Error("no request waited for a new key")
	}
	if n := s.host.metric("modelgate.requests.allowed"); n != int64(*stressRequests) {
		t.Errorf("%d requests are counted as allowed, want %d", n, *stressRequests)
	}
}

func (s *stress) push(n int) {
	s.present.Store(newPlugin(s.T, s.host, fmt.Sprintf(stressConfig, n), os.LookupEnv))
}

// worker is one worker of a proxy. Of those who wait for a key, some go away.
func (s *stress) worker(number int) {
	thread := driver.NewThread(s.host)
	var plugin *driver.Plugin
	var worker *driver.Worker
	for i := 0; s.sent.Add(1) <= int64(*stressRequests); i++ {
		if p := s.present.Load(); p != plugin {
			plugin, worker = p, p.NewWorker(thread, nil)
			s.inUse[number].Store(p)
		}
		side := newRequest(corpus.Request{Method: "GET", Path: "/kfserving/prod/fraud", Authority: "models.example.com",
			Headers: [][2]string{{"authorization", "Bearer " + s.issuer.token(i)}}})
		stream := worker.NewStream(0, side)
		a := stream.RequestHeaders(true)
		for a == driver.Pause && side.answered == nil && i%50 != 0 {
			a = stream.Wake(<-side.woken)
		}
		switch {
		case side.answered != nil:
			s.Errorf("a good token is refused: %s", side.answered.Details)
		case a != driver.Forward:
			s.host.addAllowed() // it has gone away
		}
		stream.End()
	}
}

// mainThread ticks, answers fetches, rotates keys, and replaces the configuration, until the
// workers have ended.
func (s *stress) mainThread(ended chan struct{}) {
	var early uint64
	last := s.host.Now()
	for pushed, rotated := 0, 0; ; {
		select {
		case <-ended:
			return
		case <-time.After(time.Millisecond):
		}
		share := float64(s.sent.Load()) / float64(*stressRequests)
		for ; pushed < min(int(share*float64(*stressPushes)), *stressPushes); pushed++ {
			s.push(pushed + 1)
		}
		if now := s.host.Now(); int(share*20) > rotated && now.Sub(last) > 1500*time.Millisecond {
			rotated, last = rotated+1, now
			if err := s.issuer.rotate(rotated); err != nil {
				s.Error(err)
			}
			if used := heapInUse(); rotated == 2 {
				early = used
			} else if rotated > 2 && used > early+early/2+(8<<20) {
				s.Errorf("the heap has %d bytes after %d requests, and had %d in the beginning", used, s.sent.Load(), early)
			}
		}
		ticking := map[*driver.Plugin]bool{s.present.Load(): true}
		for i := range s.inUse {
			ticking[s.inUse[i].Load()] = true
		}
		for p := range ticking {
			if p != nil {
				p.Tick()
			}
		}
		s.host.finishFetches()
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
