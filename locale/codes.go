package locale

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
)

// Codes returns the codes of a group, such as "reason" or "class", in the order
// of the catalogue: those of texts that have a remedy of their own beside them,
// "reason.refused" and "reason.refused.fix".
func Codes(group string) []string {
	var codes []string
	for _, key := range catalogue() {
		code, found := strings.CutPrefix(key, group+".")
		if code, isFix := strings.CutSuffix(code, ".fix"); found && isFix {
			codes = append(codes, code)
		}
	}
	return codes
}

// catalogue holds the keys of all texts in the order of their files.
var catalogue = sync.OnceValue(func() []string {
	var keys []string
	for _, file := range textFiles(English) {
		keys = append(keys, keysOf(file)...)
	}
	return keys
})

// keysOf reads the keys of a file; a test holds that every file is well formed.
func keysOf(file string) []string {
	data, err := files.ReadFile(file)
	if err != nil {
		return nil
	}
	var keys []string
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return nil
	}
	for decoder.More() {
		key, err := decoder.Token()
		var text json.RawMessage
		if err != nil || decoder.Decode(&text) != nil {
			return keys
		}
		if name, ok := key.(string); ok {
			keys = append(keys, name)
		}
	}
	return keys
}
