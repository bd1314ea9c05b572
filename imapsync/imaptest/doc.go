// Package imaptest holds the mail servers that tests talk to: a scripted one
// that says exactly what a test wants (Script), an account in memory that
// behaves well until told otherwise (NewAccount), one that keeps its mail as Gmail
// does (NewGmail), and a proxy that delays, slows and cuts connections to any
// server (NewProxy, StartProxy).
//
// All of them listen on loopback, own the goroutines they start and wait for
// them when they are stopped. The program imapd beside this package is a server
// for people to try Trasloco with.
package imaptest
