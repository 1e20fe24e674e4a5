// Package pages opens the pages that the command writes in a real browser, a headless Chromium.
//
// The tests have the build tag pages; `make e2e-pages` runs them. They need Node.
package pages
