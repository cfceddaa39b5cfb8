package migration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/millrace-erp/millrace/internal/migration"
)

const (
	addOne = `CREATE OR REPLACE FUNCTION shop.add(
    p_a integer -- the number
) RETURNS integer
LANGUAGE sql
AS $function$ SELECT p_a + 1 $function$;

COMMENT ON FUNCTION shop.add(integer) IS 'Adds (one).';
`
	addTwo  = "CREATE OR REPLACE FUNCTION shop.add(p_a integer) RETURNS integer\nLANGUAGE sql\nAS $function$ SELECT p_a + 2 $function$;\n\nCOMMENT ON FUNCTION shop.add(integer) IS 'Adds two.';\n"
	addLong = "CREATE OR REPLACE FUNCTION shop.add(p_a bigint) RETURNS bigint\nLANGUAGE sql\nAS $function$ SELECT p_a + 2 $function$;\n\nCOMMENT ON FUNCTION shop.add(bigint) IS 'Adds two.';\n"
	inner   = "CREATE OR REPLACE VIEW shop.z_inner AS SELECT 1 AS one;\n"
	outer   = "CREATE OR REPLACE VIEW shop.a_outer AS SELECT one FROM shop.z_inner;\n"
	trigger = "CREATE OR REPLACE TRIGGER item_audited AFTER INSERT OR UPDATE ON shop.item\nFOR EACH ROW EXECUTE FUNCTION audit.record();\n"
)

// folder is a sql folder to work in.
type folder struct {
	t    *testing.T
	path string
}

func newFolder(t *testing.T) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	f.write("schema/README.md", "history\n")
	return f
}

func (f folder) write(name, text string) {
	f.t.Helper()
	file := filepath.Join(f.path, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f folder) read(name string) string {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.path, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

func (f folder) migrate(name string) {
	f.t.Helper()
	if _, err := migration.Write(f.path, name); err != nil {
		f.t.Fatal(err)
	}
}

func wantOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, isFound := strings.Cut(rest, part)
		if !isFound {
			t.Fatalf("%q is missing, or not after the ones before, in:\n%s", part, text)
		}
		rest = after
	}
}

func TestNewDefinitionsAreFrozenInOrderAndDroppedBackwards(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write("functions/shop/add.sql", addOne)
	f.write("views/shop/a_outer.sql", outer)
	f.write("views/shop/z_inner.sql", inner)
	f.write("triggers/shop/item_audited.sql", trigger)
	f.migrate("begin")
	wantOrder(t, f.read("schema/000001_begin.up.sql"),
		"SET LOCAL lock_timeout", "SET LOCAL check_function_bodies = off;",
		"-- >>> functions/shop/add.sql sha256:"+migration.Hash(addOne)+"\n"+addOne+"-- <<< functions/shop/add.sql\n",
		"-- >>> views/shop/z_inner.sql", "-- >>> views/shop/a_outer.sql", "-- >>> triggers/shop/item_audited.sql")
	wantOrder(t, f.read("schema/000001_begin.down.sql"),
		"DROP TRIGGER IF EXISTS item_audited ON shop.item;", "DROP VIEW IF EXISTS shop.a_outer;", "DROP VIEW IF EXISTS shop.z_inner;",
		"DROP FUNCTION IF EXISTS shop.add(integer);", "-- Written by hand:")
}

func TestAChangeIsFrozenAndTheTextBeforeComesBack(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write("functions/shop/add.sql", addOne)
	f.write("triggers/shop/item_audited.sql", trigger)
	f.migrate("begin")
	f.write("functions/shop/add.sql", addTwo)
	f.migrate("two")
	up, down := f.read("schema/000002_two.up.sql"), f.read("schema/000002_two.down.sql")
	wantOrder(t, up, addTwo)
	wantOrder(t, down, addOne)
	for _, unwanted := range []string{"DROP", "item_audited"} {
		if strings.Contains(up, unwanted) || strings.Contains(down, unwanted) {
			t.Errorf("%s has no place in:\n%s\n%s", unwanted, up, down)
		}
	}
}

func TestAChangedSignatureIsDroppedBothWays(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write("functions/shop/add.sql", addTwo)
	f.migrate("begin")
	f.write("functions/shop/add.sql", addLong)
	f.migrate("long")
	wantOrder(t, f.read("schema/000002_long.up.sql"), "DROP FUNCTION IF EXISTS shop.add(integer);", addLong)
	wantOrder(t, f.read("schema/000002_long.down.sql"), "DROP FUNCTION IF EXISTS shop.add(bigint);", addTwo)
}

func TestARemovedFileIsDroppedAndComesBack(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write("functions/shop/add.sql", addOne)
	f.migrate("begin")
	if err := os.Remove(filepath.Join(f.path, "functions/shop/add.sql")); err != nil {
		t.Fatal(err)
	}
	f.migrate("gone")
	wantOrder(t, f.read("schema/000002_gone.up.sql"), "-- >>> functions/shop/add.sql dropped", "DROP FUNCTION IF EXISTS shop.add(integer);")
	wantOrder(t, f.read("schema/000002_gone.down.sql"), addOne)
	f.write("functions/shop/add.sql", addOne)
	f.migrate("back")
	wantOrder(t, f.read("schema/000003_back.up.sql"), addOne)
	wantOrder(t, f.read("schema/000003_back.down.sql"), "DROP FUNCTION IF EXISTS shop.add(integer);")
}

func TestRenewingKeepsWhatIsWrittenByHand(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write("functions/shop/add.sql", addOne)
	f.migrate("begin")
	f.write("schema/000002_item.up.sql", "CREATE TABLE shop.item (id bigint);\n")
	f.write("schema/000002_item.down.sql", "DROP TABLE shop.item;\n")
	f.write("functions/shop/add.sql", addTwo)
	f.write("triggers/shop/item_audited.sql", trigger)
	f.migrate("item")
	once := f.read("schema/000002_item.up.sql") + f.read("schema/000002_item.down.sql") + f.read("schema/schema.sum")
	wantOrder(t, f.read("schema/000002_item.up.sql"), "CREATE TABLE shop.item", addTwo, trigger)
	wantOrder(t, f.read("schema/000002_item.down.sql"), "DROP TRIGGER", "DROP TABLE shop.item;", addOne)
	f.migrate("")
	if again := f.read("schema/000002_item.up.sql") + f.read("schema/000002_item.down.sql") + f.read("schema/schema.sum"); again != once {
		t.Errorf("renewing an unchanged migration changed it:\n%s\n---\n%s", once, again)
	}
	f.write("functions/shop/add.sql", addOne) // the change is taken back: no block is left
	if err := os.Remove(filepath.Join(f.path, "triggers/shop/item_audited.sql")); err != nil {
		t.Fatal(err)
	}
	f.migrate("")
	if up, down := f.read("schema/000002_item.up.sql"), f.read("schema/000002_item.down.sql"); up != "CREATE TABLE shop.item (id bigint);\n" || down != "DROP TABLE shop.item;\n" {
		t.Errorf("something generated is left:\n%s\n---\n%s", up, down)
	}
}

func TestAViewTakesTheViewsOnItAlong(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write("views/shop/z_inner.sql", inner)
	f.write("views/shop/a_outer.sql", outer)
	f.migrate("begin")
	f.write("views/shop/z_inner.sql", "CREATE OR REPLACE VIEW shop.z_inner AS SELECT 1 AS one, 2 AS two;\n")
	f.migrate("two")
	wantOrder(t, f.read("schema/000002_two.down.sql"), "DROP VIEW IF EXISTS shop.a_outer;", "DROP VIEW IF EXISTS shop.z_inner;", inner, outer)
}

func TestSumChainsEveryFile(t *testing.T) {
	t.Parallel()
	pairs := []migration.Pair{{Version: 1, Name: "a", Up: "1", Down: "2"}, {Version: 2, Name: "b", Up: "3", Down: "4"}}
	before := strings.Split(migration.Sum(pairs), "\n")
	pairs[0].Down = "edited"
	after := strings.Split(migration.Sum(pairs), "\n")
	if before[0] != after[0] || before[1] == after[1] || before[2] == after[2] || before[3] == after[3] {
		t.Errorf("an edit must show from its own line to the end:\n%v\n%v", before, after)
	}
}

func TestSeriesThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	file := &fstest.MapFile{Data: []byte("SELECT 1;\n")}
	for name, files := range map[string]fstest.MapFS{
		"half of a pair":       {"000001_a.up.sql": file},
		"a name without form":  {"1_a.up.sql": file, "1_a.down.sql": file},
		"two with one number":  {"000001_a.up.sql": file, "000001_a.down.sql": file, "000001_b.up.sql": file, "000001_b.down.sql": file},
		"a name in upper case": {"000001_A.up.sql": file, "000001_A.down.sql": file},
	} {
		if _, err := migration.Load(files); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := migration.Contiguous([]migration.Pair{{Version: 1}, {Version: 3}}); err == nil {
		t.Error("a gap was taken")
	}
}

func TestAFunctionWithoutCommentIsRefused(t *testing.T) {
	t.Parallel()
	_, err := migration.Definitions(fstest.MapFS{"functions/shop/add.sql": {Data: []byte(addOne[:strings.Index(addOne, "COMMENT")])}})
	if err == nil || !strings.Contains(err.Error(), "COMMENT ON FUNCTION") {
		t.Errorf("got %v", err)
	}
}
