package notify

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestNamesOfOthersStayText(t *testing.T) {
	l := cleanLetter("it")
	l.Migration.Name = "<b>x</b>\r\nBcc: eve@example.org {code}"
	l.To.Name = "Laura\r\nBcc: eve@example.org"
	l.Parked = []string{"<script>\x1b[2J"}
	subject, text, page := bodies(t, testMailer(t), l)
	if strings.ContainsAny(subject+text, "\r\x1b") || strings.Contains(subject, "\n") {
		t.Errorf("control characters in %q %q", subject, text)
	}
	if strings.Contains(page, "<script>") || strings.Contains(page, "<b>") {
		t.Errorf("a name became markup: %s", page)
	}
	message, err := testMailer(t).message(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	if to, err := message.GetRecipients(); err != nil || !slices.Equal(to, []string{"<laura@officinemartelli.it>"}) && !slices.Equal(to, []string{"laura@officinemartelli.it"}) {
		t.Errorf("to %v, %v", to, err)
	}
}

func TestLongListsEndWithACount(t *testing.T) {
	l := invalidLetter("en")
	for range 60 {
		l.Failed = append(l.Failed, "x@example.org")
	}
	_, text, _ := bodies(t, testMailer(t), l)
	if got := strings.Count(text, "\n- "); got != mostItems+1 || !strings.Contains(text, "- … and 32 more") {
		t.Errorf("%d items in\n%s", got, text)
	}
}

func TestMailsWithoutAPublicAddressHoldNoLinks(t *testing.T) {
	m := testMailer(t)
	m.PublicURL = ""
	for name, build := range letters {
		if _, text, page := bodies(t, m, build("en")); strings.Contains(text, "://") || strings.Contains(page, "<a") {
			t.Errorf("%s: a link in\n%s", name, text)
		}
	}
}

func TestAMigrationWithNothingLeftIsToldSo(t *testing.T) {
	l := invalidLetter("en")
	l.Failed = nil
	said := testMailer(t).words(context.Background(), l)
	if !strings.Contains(said.Title, "no resource left") || len(said.Sections) != 1 {
		t.Errorf("%+v", said)
	}
}

func TestLinesOfThePlainTextAreShort(t *testing.T) {
	for name, build := range letters {
		_, text, _ := bodies(t, testMailer(t), build("it"))
		for line := range strings.SplitSeq(text, "\n") {
			if len([]rune(line)) > lineWidth && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s: %q", name, line)
			}
		}
	}
}
