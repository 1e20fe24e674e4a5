package gate

import (
	"reflect"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/keys"
)

// TestEnvHandsEverythingOn: Env has the fields of authn.Env, and hands each of them on.
// Beside them it has Waiting and Admit.
func TestEnvHandsEverythingOn(t *testing.T) {
	env := Env{
		Now:        time.Unix(1, 0),
		Keys:       &authn.Keys{},
		Verify:     func(*authn.Key, string, string) (ok, done bool) { return false, false },
		Cache:      newCache(),
		WaitPolicy: keys.Refreshed,
	}
	outer, inner := reflect.ValueOf(env), reflect.ValueOf(env.authn())
	if outer.NumField() != inner.NumField()+2 || !outer.FieldByName("Waiting").IsValid() || !outer.FieldByName("Admit").IsValid() {
		t.Errorf("Env has %d fields, authn.Env %d, want two more", outer.NumField(), inner.NumField())
	}
	for i := range inner.NumField() {
		name := inner.Type().Field(i).Name
		got, want := inner.Field(i), outer.FieldByName(name)
		if name == "Cache" {
			want = reflect.ValueOf(env.Cache.tokens)
		}
		if !want.IsValid() || got.IsZero() || got.Type() != want.Type() || got.Kind() == reflect.Pointer && got.Pointer() != want.Pointer() {
			t.Errorf("env.authn().%s = %v, want %v", name, got, want)
		}
	}
}
