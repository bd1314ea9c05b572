//go:build race

package imapsync_test

// oneIn is the share of all cuts that are made.
const oneIn = 250
