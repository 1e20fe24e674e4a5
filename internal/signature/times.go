package signature

import "time"

// Times are the bounds of created and expires.
type Times struct {
	Skew   time.Duration // by how much clocks may differ
	MaxAge time.Duration // since created, which must then be there; 0 for any
}

// CheckTimes returns nil if the signature holds at that time.
func (s *Signature) CheckTimes(now time.Time, t Times) error {
	switch {
	case s.Created == 0 && t.MaxAge > 0:
		return refuse(Expired, "created")
	case s.Created != 0 && time.Unix(s.Created, 0).After(now.Add(t.Skew)):
		return refuse(NotYetValid, "created")
	case s.Expires != 0 && s.Expires < s.Created:
		return refuse(Expired, "expires")
	}
	if until, ends := s.Until(t); ends && !now.Before(until) {
		return refuse(Expired, "created, expires")
	}
	return nil
}

// Until returns when the signature stops to hold by CheckTimes: a nonce need not be
// remembered longer. ends is false if it never does.
func (s *Signature) Until(t Times) (until time.Time, ends bool) {
	if s.Created != 0 && t.MaxAge > 0 {
		until, ends = time.Unix(s.Created, 0).Add(t.MaxAge+t.Skew), true
	}
	if expires := time.Unix(s.Expires, 0).Add(t.Skew); s.Expires != 0 && (!ends || expires.Before(until)) {
		until, ends = expires, true
	}
	return until, ends
}
