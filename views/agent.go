package views

import (
	"context"
	"strings"

	"trasloco/locale"
)

// Programs and systems as browsers tell them, the more exact before the more
// general: nearly every browser says that it is Safari too. The names are names,
// in every language the same.
func browserMarks() [][2]string {
	return [][2]string{
		{"Edg/", "Edge"},
		{"EdgA/", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"Vivaldi/", "Vivaldi"},
		{"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"HeadlessChrome/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
	}
}

func systemMarks() [][2]string {
	return [][2]string{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"},
		{"Macintosh", "macOS"},
		{"Linux", "Linux"},
	}
}

// agentName says which browser a session is of, as far as it told.
func agentName(ctx context.Context, agent string) string {
	browser, system := firstMark(agent, browserMarks()), firstMark(agent, systemMarks())
	switch {
	case browser != "" && system != "":
		return locale.T(ctx, "page.sessions.agent", map[string]any{"browser": browser, "system": system})
	case browser+system != "":
		return browser + system
	}
	return locale.T(ctx, "page.sessions.agent.unknown", nil)
}

func firstMark(agent string, marks [][2]string) string {
	for _, mark := range marks {
		if strings.Contains(agent, mark[0]) {
			return mark[1]
		}
	}
	return ""
}
