package inventory_test

import "testing"

// Two sites whose calendars always differ: a lot whose last day of use was yesterday in the east can still be used in the west,
// whatever the time zone of the session.
func TestLotsExpireByTheCalendarOfTheSite(t *testing.T) {
	t.Parallel()
	api := setup(t)
	exec(t, api.DB.Pool, `UPDATE catalog.site SET code = 'EAST', time_zone = 'Pacific/Kiritimati'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.site (code, name, country, currency, time_zone) VALUES ('WEST', 'West', 'US', 'USD', 'Etc/GMT+12')`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.location (site_id, code, name, kind)
		SELECT w.id, 'W-' || l.code, l.name, l.kind FROM catalog.location AS l, catalog.site AS w WHERE w.code = 'WEST'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.work_center (site_id, code, name, supply_location_id, output_location_id)
		SELECT a.site_id, p.code, p.code, a.id, b.id FROM (VALUES ('EAST', 'A', 'B'), ('WEST', 'W-A', 'W-B')) AS p (code, supply, output)
		JOIN catalog.location AS a ON a.code = p.supply JOIN catalog.location AS b ON b.code = p.output`)
	api.Post(t, "/v1/items", m{"number": "LID", "name": "Lid", "base_unit": "H87", "is_manufactured": true}).Want(200)
	exec(t, api.DB.Pool, `INSERT INTO catalog.bill_of_material (item_id, revision, valid_during, base_quantity) SELECT id, 'A', '[2020-01-01,)', 1 FROM catalog.item WHERE number = 'LID'`)
	exec(t, api.DB.Pool, `INSERT INTO catalog.bill_of_material_line (bill_of_material_id, line_number, item_id, quantity, is_backflushed)
		SELECT b.id, 1, i.id, 1, true FROM catalog.bill_of_material AS b, catalog.item AS i WHERE i.number = 'RESIN'`)

	yesterday := one[string](t, api.DB, `SELECT ((clock_timestamp() AT TIME ZONE 'Pacific/Kiritimati')::date - 1)::text`)
	api.Post(t, "/v1/opening-stocks", m{"item": "RESIN", "lot": "L", "to": "A", "quantity": "30", "expires_on": yesterday}).Want(201)
	api.Post(t, "/v1/opening-stocks", m{"item": "RESIN", "lot": "W", "to": "W-A", "quantity": "30", "expires_on": yesterday}).Want(201)

	expired := api.Get(t, "/v1/expired-lots").Want(200)
	if expired.Len("items") != 1 || expired.Text("items", 0, "lot") != "L" || expired.Text("items", 0, "on_hand") != "30" {
		t.Errorf("expired: %s", expired.Body)
	}
	if told := one[string](t, api.DB, `SELECT inventory.tell_expired_lots() || ' ' || inventory.tell_expired_lots()`); told != "1 0" {
		t.Errorf("told of %s expired lots", told)
	}
	// What a session in a time zone gets, or how it is refused.
	exec(t, api.DB.Pool, `CREATE OR REPLACE FUNCTION public.attempt(p_zone text, p_site text, p_sql text) RETURNS text LANGUAGE plpgsql AS $$
		DECLARE
			v_site bigint := (SELECT s.id FROM catalog.site AS s WHERE s.code = p_site);
			v_result text;
		BEGIN
			PERFORM set_config('TimeZone', p_zone, true);
			EXECUTE p_sql INTO v_result USING v_site;
			RETURN v_result;
		EXCEPTION WHEN SQLSTATE 'MR201' OR SQLSTATE 'MR512' THEN
			RETURN SQLSTATE;
		END $$`)
	for _, session := range []string{"Pacific/Kiritimati", "Etc/GMT+12"} {
		for site, want := range map[string]struct{ refused, reserved, picked string }{
			"EAST": {"MR201", "0", "MR512"},
			"WEST": {"", "3", ""},
		} {
			in := func(sql string) string {
				t.Helper()
				return one[string](t, api.DB, `SELECT public.attempt($1, $2, $3)`, session, site, sql)
			}
			if got := in(`SELECT '' FROM catalog.item AS i, inventory.select_stock(i.id, $1, NULL, 3, false) WHERE i.number = 'RESIN'`); got != want.refused {
				t.Errorf("%s, session in %s: select_stock gives %q, want %q", site, session, got, want.refused)
			}
			if got := in(`SELECT trim_scale(inventory.reserve_stock('work_order_material', 1, i.id, $1, 3))::text FROM catalog.item AS i WHERE i.number = 'RESIN'`); got != want.reserved {
				t.Errorf("%s, session in %s: %s reserved, want %s", site, session, got, want.reserved)
			}
			lot := map[string]string{"EAST": "L", "WEST": "W"}[site]
			if got := in(`SELECT '' FROM catalog.item AS i, shipping.find_picked_lot(i, '` + lot + `', NULL, $1) WHERE i.number = 'RESIN'`); got != want.picked {
				t.Errorf("%s, session in %s: the lot is picked with %q, want %q", site, session, got, want.picked)
			}
			exec(t, api.DB.Pool, `SELECT inventory.release_reservations('work_order_material', 1)`)
		}
	}
	for site, status := range map[string]int{"EAST": 409, "WEST": 201} {
		order := api.Post(t, "/v1/work-orders", m{"item": "LID", "quantity": "10", "work_center": site}).Want(201).Text("number")
		report := api.Post(t, "/v1/production-reports", m{"work_order": order, "good_quantity": "1"})
		if report.Status != status {
			t.Errorf("%s: a report is answered %d %s", site, report.Status, report.Body)
		}
	}
	catchUp(t, api.DB)
}
