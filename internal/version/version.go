// Package version knows which release this is.
package version

// Number is the version of the module, the terminal command and the image, by semver.org.
const Number = "0.1.0"
