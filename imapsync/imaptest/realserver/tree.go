package realserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// unpacked finds the folder that a server was unpacked into: below the root of
// the checkout, where go.mod lies, or "/" where the server is installed. Program is
// one that it must have.
func unpacked(kind Kind, program string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the checkout: %w", err)
	}
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		tree, err := filepath.EvalSymlinks(filepath.Join(folder, ".cache", string(kind), "current"))
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(tree, program)); err == nil {
			return tree, nil
		}
	}
	if _, err := os.Stat("/" + program); err == nil {
		return "/", nil
	}
	return "", fmt.Errorf("%s: %w", kind, ErrMissing)
}

// reachable returns tree, or a copy of it at duplicate where root started the test
// from a place that the server's user cannot enter, such as root's home.
func reachable(tree, duplicate string) (string, error) {
	if !asRoot() || enterable(tree) {
		return tree, nil
	}
	if err := os.CopyFS(duplicate, os.DirFS(tree)); err != nil {
		return "", fmt.Errorf("copy %s to where it may be run: %w", tree, err)
	}
	return duplicate, nil
}

// libraries is the search path of the libraries that came with a server.
func libraries(tree string) string {
	var folders []string
	for _, pattern := range []string{"usr/lib/*-linux-gnu*", "lib/*-linux-gnu*"} {
		found, _ := filepath.Glob(filepath.Join(tree, pattern)) // the pattern is right
		folders = append(folders, found...)
	}
	return strings.Join(folders, ":")
}

func writeTemplate[T any](path, text string, data T) error {
	t, err := template.New(filepath.Base(path)).Parse(text)
	if err != nil {
		return fmt.Errorf("template of %s: %w", path, err)
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := t.Execute(file, data); err != nil {
		_ = file.Close()
		return fmt.Errorf("write %s: %w", path, err)
	}
	return file.Close()
}
