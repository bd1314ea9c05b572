package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"trasloco/locale"
)

// faultyRows has a fault of its own in each row; %s is a server that must not
// be called.
var faultyRows = []string{
	"a01@x.it;%[1]s;a01@old.it;pw", "a02@x.it;%[1]s;a02@old.it;pw;dp;x;y;z;q", "a03@x.it;%[1]s;a03@old.it;pw;dp;",
	"a04@x.it;%[1]s;a04@old.it;pw;master;dp", `a05@x.it;%[1]s;a05@old.it;"pw;dp`, `a06@x.it;%[1]s;a06@old.it;"p"w;dp`,
	"a07@x.it;%[1]s;a07@old.it;p\x00w;dp", "a08@x.it;%[1]s;a08\uFFFD@old.it;pw;dp", "ok@x.it;%[1]s;ok@old.it;pw;dp", "ok@x.it;%[1]s;ok@old.it;pw;dp",
	"a11@x.it;imap-server-remoto;a11@old.it;pw;dp", "a12@x.it;%[1]s;a12@old.it;****;dp", "a13@x.it;%[1]s;a13@old.it;#NAME?;dp",
	"a14@x.it;%[1]s;a14\x01@old.it;pw;dp", "a15@x.it;%[1]s;a1\"5@old.it;pw;dp", "a16@x.it;%[1]s;<a16@old.it>;pw;dp",
	"a17@x.it;%[1]s;mailto:a17@old.it;pw;dp", "a18@x.it;;a18@old.it;pw;dp", "a19@x.it;imaps://old.it;a19@old.it;pw;dp",
	"a20@x.it;a20@old.it;a20@old.it;pw;dp", "a21@x.it;old.it/imap;a21@old.it;pw;dp", "a22@x.it;old it;a22@old.it;pw;dp",
	"a23@x.it;old_server.it;a23@old.it;pw;dp", "a24@x.it;old!.it;a24@old.it;pw;dp", "a25@x.it;-old.it;a25@old.it;pw;dp",
	"a26@x.it;old..it;a26@old.it;pw;dp", "a27@x.it;1.2.3;a27@old.it;pw;dp", "a28@x.it;1.2.3.256;a28@old.it;pw;dp",
	"a29@x.it;1.2.3.04;a29@old.it;pw;dp", "a30@x.it;2001:db8:::1;a30@old.it;pw;dp", "a31@x.it;[old.it]:993;a31@old.it;pw;dp",
	"a32@x.it;old.it:;a32@old.it;pw;dp", "a33@x.it;old.it:imap;a33@old.it;pw;dp", "a34@x.it;old.it:0;a34@old.it;pw;dp",
	"a35@x.it;old.it:110;a35@old.it;pw;dp", ";%[1]s;a36@old.it;pw;dp", "a 37@x.it;%[1]s;a37@old.it;pw;dp", "a@38@x.it;%[1]s;a38@old.it;pw;dp",
	"@x.it;%[1]s;a39@old.it;pw;dp", "a40@-x..it;%[1]s;a40@old.it;pw;dp", "a41@x.it;%[1]s;;pw;dp", "a42@x.it;%[1]s;a42@old.it;;dp", "a43@x.it;%[1]s;a43@old.it;pw;",
}

func TestFortyFaultsAtOnceAndNothingContacted(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	contacted := make(chan bool)
	go func() {
		conn, err := server.Accept()
		if err == nil {
			_ = conn.Close()
		}
		contacted <- err == nil
	}()
	address := server.Addr().String()
	file := write(t, "faults.csv", fmt.Sprintf(strings.Join(faultyRows, "\n"), address))
	args := []string{"run", file, "--dest", address, "--allow-private"}

	report := decode[problemReport](t, call(t.Context(), append(args, "--json")...))
	codes := map[string]bool{}
	for _, p := range report.Problems {
		codes[p.Code] = true
		if p.Row == 0 || p.Text == "" {
			t.Errorf("%+v has no place or no text", p)
		}
	}
	if len(codes) < 40 {
		t.Errorf("%d different faults: %v", len(codes), codes)
	}
	a := call(t.Context(), args...)
	lines := strings.Split(strings.TrimRight(a.errors, "\n"), "\n")
	if a.code != exitRefused || a.out != "" {
		t.Errorf("exit %d, stdout %q", a.code, a.out)
	}
	if len(lines) != len(report.Problems)+1 || len(lines) > 50 {
		t.Errorf("%d lines for %d problems", len(lines), len(report.Problems))
	}
	if want := fmt.Sprintf("%d problems. Nothing was contacted", len(report.Problems)); !strings.HasPrefix(lines[0], want) {
		t.Errorf("headline %q", lines[0])
	}
	for i, line := range lines[1:] {
		p := report.Problems[i]
		if !strings.HasPrefix(line, fmt.Sprintf("  row %d ", p.Row)) || !strings.HasSuffix(line, p.Text) {
			t.Errorf("line %q for %+v", line, p)
		}
	}
	_ = server.Close()
	if <-contacted {
		t.Error("a server was contacted")
	}
	if _, err := os.Stat(file + ".state"); !os.IsNotExist(err) {
		t.Errorf("the state folder was touched: %v", err)
	}
}

func TestNoPasswordIsInAProblem(t *testing.T) {
	file := write(t, "a.csv", "a@x.it;pa55word;http://x;;dp\nb@x.it;old.it;b@old.it;\"pa55word;dp\nc@x.it;old.it;c@old.it;pa55word\n")
	for _, format := range []string{"--json", "--quiet"} {
		a := call(locale.With(t.Context(), locale.Italian), "run", file, "--dest", "mx.it", format)
		if a.code != exitRefused || strings.Contains(a.out+a.errors, "pa55word") {
			t.Errorf("exit %d, %q %q", a.code, a.out, a.errors)
		}
	}
}

func TestWarningsDoNotStopACall(t *testing.T) {
	s, problems := readOptions(options{File: write(t, "a.csv", plainRow+"\n"+strings.Replace(plainRow, "a@old", "b@old", 1)), Dest: "mx.it"})
	sheet := s.readSheet()
	if len(problems)+len(sheet.problems) > 0 || len(sheet.warnings) != 1 {
		t.Fatalf("%v %+v", problems, sheet)
	}
	var out safeBuffer
	(&program{stderr: &out}).warn(t.Context(), sheet.warnings)
	want := "1 thing to look at:\n  row 2  destination  The destination is the same as in row 1"
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("got %q", out.String())
	}
}
