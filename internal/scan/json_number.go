package scan

// The states of a number.
const (
	numberMinus    = inNumber + iota // after the sign: a digit
	numberZero                       // after the 0 that is the integer
	numberInteger                    // after another digit of it
	numberPoint                      // after the point: a digit
	numberFraction                   // after a digit of the fraction
	numberE                          // after e or E: a sign or a digit
	numberSign                       // after the sign of the exponent: a digit
	numberExponent                   // after a digit of it
)

func firstOfNumber(c byte) state {
	switch c {
	case '-':
		return numberMinus
	case '0':
		return numberZero
	}
	return numberInteger
}

// number reads the rest of a number: nothing, if b begins with what follows it.
func (j *JSON) number(b []byte) int {
	s := j.state
	for i, c := range b {
		if c-'0' < 10 {
			switch s {
			case numberInteger, numberFraction, numberExponent:
				continue
			case numberMinus:
				s = firstOfNumber(c)
				continue
			case numberPoint:
				s = numberFraction
				continue
			case numberE, numberSign:
				s = numberExponent
				continue
			}
		}
		switch {
		case c == '.' && (s == numberZero || s == numberInteger):
			s = numberPoint
		case c|0x20 == 'e' && (s == numberZero || s == numberInteger || s == numberFraction):
			s = numberE
		case (c == '+' || c == '-') && s == numberE:
			s = numberSign
		case s == numberZero || s == numberInteger || s == numberFraction || s == numberExponent:
			j.ended()
			return i
		default:
			j.state = s
			j.wrong(c, "a digit expected", i)
			return i
		}
	}
	j.state = s
	return len(b)
}
