package inference

import "slices"

// RefusedParts are the parts of keys that a body must not have by default.
var RefusedParts = slices.Concat(choosingFragments, choosingNames, storedFragments, storedNames, storedResponseNames)

// TrimGemini is the trim of geminiListing.
var TrimGemini = geminiListing.trim

// IsFreeName is isFreeName.
var IsFreeName = isFreeName
