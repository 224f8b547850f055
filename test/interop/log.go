// Opens with the Go project's own libraries (golang.org/x/mod/sumdb/note and tlog) what our code wrote. Reads one JSON
// object from standard input; prints "ok", or says what does not hold and ends with 1.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type input struct {
	Log        string
	Checkpoint string
	Size       int64
	Entries    []string
	Inclusion  []struct {
		Index int64
		Proof []string
	}
	Consistency []struct {
		From  int64
		Root  string
		Proof []string
	}
	Receipts []struct {
		Text  string
		Entry string
	}
	Tiles []struct {
		Level, Index int64
		Width        int
		Bytes        string
		Path         string
	}
}

func fail(what string, err error) {
	fmt.Println(what, err)
	os.Exit(1)
}

func bytes(text string) []byte {
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		fail("base64", err)
	}
	return decoded
}

func hash(text string) (h tlog.Hash) {
	copy(h[:], bytes(text))
	return h
}

func hashes(texts []string) (all []tlog.Hash) {
	for _, text := range texts {
		all = append(all, hash(text))
	}
	return all
}

// What tlog reads tiles through; it authenticates them against the checkpoint's root by itself.
type tiles struct{ in *input }

func (tiles) Height() int                          { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte)      {}
func (t tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range want {
		found := false
		for _, own := range t.in.Tiles {
			if own.Level == int64(tile.L) && own.Index == tile.N && own.Width == tile.W {
				// C2SP's path is sumdb's without the height.
				if strings.Replace(tile.Path(), "tile/8/", "tile/", 1) != own.Path {
					return nil, fmt.Errorf("path %s is not %s", own.Path, tile.Path())
				}
				data = append(data, bytes(own.Bytes))
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("no tile %s", tile.Path())
		}
	}
	return data, nil
}

// A tlog-proof (C2SP) of an entry, as a stranger reads it: nothing but this text, the entry and the log's key.
func checkReceipt(text, entry string, verifier note.Verifier) error {
	head, rest, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || len(lines) < 2 {
		return fmt.Errorf("%q", lines)
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(rest), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + strings.SplitN(opened.Text, "\n", 2)[1]))
	if err != nil {
		return err
	}
	return tlog.CheckRecord(hashes(lines[2:]), tree.N, tree.Hash, index, tlog.RecordHash([]byte(entry)))
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fail("input", err)
	}
	verifier, err := note.NewVerifier(in.Log)
	if err != nil {
		fail("verifier key", err)
	}
	opened, err := note.Open([]byte(in.Checkpoint), note.VerifierList(verifier))
	if err != nil {
		fail("note", err)
	}
	if len(opened.Sigs) != 1 {
		fail("signatures", fmt.Errorf("%d of the log", len(opened.Sigs)))
	}
	lines := strings.Split(opened.Text, "\n")
	root := hash(lines[2])
	if lines[0] != verifier.Name() || lines[1] != fmt.Sprint(in.Size) {
		fail("checkpoint", fmt.Errorf("%q", lines))
	}
	for _, each := range in.Inclusion {
		leaf := tlog.RecordHash([]byte(in.Entries[each.Index]))
		if err := tlog.CheckRecord(hashes(each.Proof), in.Size, root, each.Index, leaf); err != nil {
			fail("inclusion", err)
		}
	}
	for _, each := range in.Consistency {
		if err := tlog.CheckTree(hashes(each.Proof), in.Size, root, each.From, hash(each.Root)); err != nil {
			fail("consistency", err)
		}
	}
	for _, each := range in.Receipts {
		if err := checkReceipt(each.Text, each.Entry, verifier); err != nil {
			fail("receipt", err)
		}
	}
	reader := tlog.TileHashReader(tlog.Tree{N: in.Size, Hash: root}, tiles{&in})
	for index, entry := range in.Entries {
		stored, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		if err != nil {
			fail("tile", err)
		}
		if stored[0] != tlog.RecordHash([]byte(entry)) {
			fail("tile", fmt.Errorf("entry %d", index))
		}
	}
	fmt.Println("ok")
}
