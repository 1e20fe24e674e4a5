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

// The classes of bytes in a number; 0 is every other byte.
const (
	zero = 1 + iota
	digit
	point
	exponent
	plus
	minus
	classes
)

var class = [256]uint8{
	'0': zero, '1': digit, '2': digit, '3': digit, '4': digit, '5': digit, '6': digit, '7': digit, '8': digit, '9': digit,
	'.': point, 'e': exponent, 'E': exponent, '+': plus, '-': minus,
}

// after is the state after a byte of each class: 0 if that byte is no part of
// the number.
var after = [numberExponent - inNumber + 1][classes]state{
	numberMinus - inNumber:    {zero: numberZero, digit: numberInteger},
	numberZero - inNumber:     {point: numberPoint, exponent: numberE},
	numberInteger - inNumber:  {zero: numberInteger, digit: numberInteger, point: numberPoint, exponent: numberE},
	numberPoint - inNumber:    {zero: numberFraction, digit: numberFraction},
	numberFraction - inNumber: {zero: numberFraction, digit: numberFraction, exponent: numberE},
	numberE - inNumber:        {zero: numberExponent, digit: numberExponent, plus: numberSign, minus: numberSign},
	numberSign - inNumber:     {zero: numberExponent, digit: numberExponent},
	numberExponent - inNumber: {zero: numberExponent, digit: numberExponent},
}

// after is the state after c in a number, or 0 if c is no part of the number.
func (s state) after(c byte) state { return after[s-inNumber][class[c]] }

// firstOfNumber returns the state after the first byte of a number, or 0.
func firstOfNumber(c byte) state {
	if c == '-' {
		return numberMinus
	}
	return after[numberMinus-inNumber][class[c]]
}

// ends reports whether a number may end in state s.
func ends(s state) bool {
	return s == numberZero || s == numberInteger || s == numberFraction || s == numberExponent
}

// number reads the rest of a number. It reads nothing if the number has ended.
func (j *JSON) number(b []byte) int {
	s := j.state
	for i, c := range b {
		next := s.after(c)
		if next != 0 {
			s = next
			continue
		}
		if j.state = s; ends(s) {
			j.ended()
		} else {
			j.wrong(c, "a digit expected", i)
		}
		return i
	}
	j.state = s
	return len(b)
}
