// Reads cases, one JSON object a line, and answers what golang.org/x/mod's checksum-database packages say of each: the same
// question that `bench/differential.ts` puts to our verifier.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type testCase struct {
	Kind  string   `json:"kind"`
	Vkey  string   `json:"vkey"`
	Note  string   `json:"note"`
	Size  int64    `json:"size"`
	Root  string   `json:"root"`
	Index int64    `json:"index"`
	Leaf  string   `json:"leaf"`
	Proof []string `json:"proof"`
	Old   int64    `json:"old"`
	OldRoot string `json:"oldRoot"`
}

func hash(text string) (h tlog.Hash, ok bool) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != tlog.HashSize {
		return h, false
	}
	copy(h[:], raw)
	return h, true
}

func hashes(texts []string) ([]tlog.Hash, bool) {
	all := []tlog.Hash{}
	for _, text := range texts {
		h, ok := hash(text)
		if !ok {
			return nil, false
		}
		all = append(all, h)
	}
	return all, true
}

func accepts(c testCase) (accepted bool) {
	// A proof of absurd sizes can panic: that is a refusal too.
	defer func() {
		if recover() != nil {
			accepted = false
		}
	}()
	if c.Kind == "note" {
		verifier, err := note.NewVerifier(c.Vkey)
		if err != nil {
			return false
		}
		opened, err := note.Open([]byte(c.Note), note.VerifierList(verifier))
		return err == nil && strings.HasSuffix(opened.Text, "\n")
	}
	proof, ok := hashes(c.Proof)
	root, okRoot := hash(c.Root)
	if !ok || !okRoot {
		return false
	}
	if c.Kind == "inclusion" {
		leaf, ok := hash(c.Leaf)
		return ok && c.Index >= 0 && c.Index < c.Size && tlog.CheckRecord(proof, c.Size, root, c.Index, leaf) == nil
	}
	oldRoot, ok := hash(c.OldRoot)
	return ok && c.Old > 0 && c.Old <= c.Size && tlog.CheckTree(proof, c.Size, root, c.Old, oldRoot) == nil
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		var c testCase
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintln(out, accepts(c))
	}
}
