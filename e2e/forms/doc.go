// Package forms compares the scanner of forms with the readers of model servers. For each
// generated form that the scanner accepts, every reader must find the one model that the scanner
// reports, or refuse the form. And what common clients write is accepted.
//
// The tests have the build tag forms; `make e2e-forms` runs them. They need Node beside Python.
package forms
