package migration

import (
	"fmt"
	"strings"
)

// The lines that part what is written by hand from what is generated. Up: hand, then definitions.
// Down: what must go first, then hand, then the definitions of the version before.
const (
	upMark      = "-- Definitions as of this version. Written by `make migration`; edit the files named below instead."
	downTopMark = "-- What this version defined goes first. Written by `make migration`."
	downEndMark = "-- Written by hand:"
	downMark    = "-- Definitions as of the version before. Written by `make migration`."
	lockTimeout = "SET LOCAL lock_timeout = '5s';"
	bodiesOff   = "SET LOCAL check_function_bodies = off;"
)

// Generate renews the generated parts of the newest migration of a series: a block for every definition
// whose text differs from its newest block in the migrations before, and the way back. The parts
// written by hand stay as they are.
func Generate(series []Pair, definitions []Definition) (Pair, error) {
	target := series[len(series)-1]
	recorded, err := Recorded(series[:len(series)-1])
	if err != nil {
		return Pair{}, err
	}
	changed, gone := difference(recorded, definitions)
	target.Up = up(handOfUp(target.Up), recorded, changed, gone)
	target.Down = down(handOfDown(target.Down), recorded, changed, gone)
	return target, nil
}

// difference lists the definitions that are new or changed against the history, and those whose file is
// no longer there.
func difference(recorded map[string]Block, definitions []Definition) (changed, gone []Definition) {
	present := map[string]bool{}
	for _, definition := range definitions {
		present[definition.Path] = true
		block, isKnown := recorded[definition.Path]
		if !isKnown || block.IsDropped() || block.Text != definition.Text {
			changed = append(changed, definition)
		}
	}
	for path, block := range recorded {
		if !present[path] && !block.IsDropped() {
			gone = append(gone, Definition{Path: path, Text: block.Text})
		}
	}
	return changed, order(gone)
}

// before is the text the history holds for a definition, if it holds one.
func before(recorded map[string]Block, path string) (Definition, bool) {
	block, isKnown := recorded[path]
	if !isKnown || block.IsDropped() {
		return Definition{}, false
	}
	return Definition{Path: path, Text: block.Text}, true
}

func up(hand string, recorded map[string]Block, changed, gone []Definition) string {
	if len(changed) == 0 && len(gone) == 0 {
		return hand
	}
	var out strings.Builder
	out.WriteString(hand)
	if hand != "" {
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "%s\n%s\n", upMark, bodiesOff)
	for i := len(gone) - 1; i >= 0; i-- {
		drops := mustDrop(gone[i])
		fmt.Fprintf(&out, "\n-- >>> %s dropped\n%s\n-- <<< %s\n", gone[i].Path, strings.Join(drops, "\n"), gone[i].Path)
	}
	for _, definition := range changed {
		out.WriteString("\n")
		if old, isKnown := before(recorded, definition.Path); isKnown && old.signature() != definition.signature() {
			fmt.Fprintf(&out, "-- The signature changed.\n%s\n", strings.Join(mustDrop(old), "\n"))
		}
		fmt.Fprintf(&out, "-- >>> %s sha256:%s\n%s-- <<< %s\n",
			definition.Path, Hash(definition.Text), definition.Text, definition.Path)
	}
	return out.String()
}

func down(hand string, recorded map[string]Block, changed, gone []Definition) string {
	var drops []string
	restored := order(append([]Definition(nil), gone...))
	dropped := map[string]bool{}
	drop := func(d Definition) {
		drops = append(drops, mustDrop(d)...)
		dropped[d.Path] = true
	}
	// Views that stand on a view which goes must go too, and come back.
	for i := len(changed) - 1; i >= 0; i-- {
		definition := changed[i]
		old, isKnown := before(recorded, definition.Path)
		switch {
		case !isKnown:
			drop(definition)
			continue
		case definition.kind() == "views":
			for _, user := range usersOf(definition, recorded) {
				if !dropped[user.Path] && !contains(changed, user.Path) && !contains(gone, user.Path) {
					drop(user)
					restored = append(restored, user)
				}
			}
			drop(definition)
		case definition.kind() == "functions" && old.signature() != definition.signature():
			drop(definition)
		}
		restored = append(restored, old)
	}
	if len(drops) == 0 && len(restored) == 0 {
		return hand
	}
	var out strings.Builder
	if len(drops) > 0 {
		fmt.Fprintf(&out, "%s\n%s\n%s\n", downTopMark, lockTimeout, strings.Join(drops, "\n"))
		fmt.Fprintf(&out, "\n%s\n", downEndMark)
	}
	out.WriteString(hand)
	if len(restored) > 0 {
		if hand != "" {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s\n%s\n", downMark, bodiesOff)
		for _, definition := range order(restored) {
			fmt.Fprintf(&out, "\n-- %s as it was.\n%s", definition.Path, definition.Text)
		}
	}
	return out.String()
}

// usersOf are the recorded views that name the view, directly or through another one, the outermost
// first.
func usersOf(view Definition, recorded map[string]Block) []Definition {
	var users []Definition
	seen := map[string]bool{view.Path: true}
	var visit func(v Definition)
	visit = func(v Definition) {
		for path := range recorded {
			candidate, isKnown := before(recorded, path)
			if isKnown && candidate.kind() == "views" && !seen[path] && candidate.names(v) {
				seen[path] = true
				visit(candidate)
				users = append(users, candidate)
			}
		}
	}
	visit(view)
	sorted := order(users)
	for i, j := 0, len(sorted)-1; i < j; i, j = i+1, j-1 {
		sorted[i], sorted[j] = sorted[j], sorted[i]
	}
	return sorted
}

func contains(definitions []Definition, path string) bool {
	for _, definition := range definitions {
		if definition.Path == path {
			return true
		}
	}
	return false
}

// mustDrop gives the DROP statements of a definition that Definitions or the history already accepted.
func mustDrop(d Definition) []string {
	drops, err := d.drops()
	if err != nil {
		panic(err)
	}
	return drops
}

func handOfUp(text string) string {
	hand, _, _ := cutLine(text, upMark)
	return tidy(hand)
}

func handOfDown(text string) string {
	if _, rest, isFound := cutLine(text, downEndMark); isFound && strings.HasPrefix(text, downTopMark) {
		text = rest
	}
	hand, _, _ := cutLine(text, downMark)
	return tidy(hand)
}

// cutLine cuts the text around the first line that equals mark.
func cutLine(text, mark string) (head, rest string, isFound bool) {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if strings.TrimRight(line, "\n") == mark {
			return strings.Join(lines[:i], ""), strings.Join(lines[i+1:], ""), true
		}
	}
	return text, "", false
}

// tidy ends a text with exactly one newline, or none when there is nothing to end.
func tidy(text string) string {
	text = strings.Trim(text, "\n")
	if text == "" {
		return ""
	}
	return text + "\n"
}
