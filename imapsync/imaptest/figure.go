package imaptest

import (
	"fmt"
	"os"
	"testing"
)

// Figure prints what a test measured in its log and, since "go test ./..." keeps
// that to itself, appends it as a line to the file that the variable FIGURES names.
func Figure(t testing.TB, figure string) {
	t.Helper()
	t.Log(figure)
	name := os.Getenv("FIGURES")
	if name == "" {
		return
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := fmt.Fprintln(file, figure); err != nil {
		t.Error(err)
	}
}
