-- What cmd/api calls: one function per operation of the HTTP interface. Each of them is SECURITY DEFINER, and nothing else is.
GRANT EXECUTE ON ROUTINE
    audit.check_incarnation,
    audit.list_history
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    billing.credit_return,
    billing.get_credit_note,
    billing.get_invoice,
    billing.issue_invoice,
    billing.list_credit_notes,
    billing.list_invoices
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    catalog.get_bill_of_material,
    catalog.get_item,
    catalog.get_location,
    catalog.get_partner,
    catalog.get_reason,
    catalog.get_routing,
    catalog.get_site,
    catalog.get_unit,
    catalog.get_work_center,
    catalog.list_bills_of_material,
    catalog.list_items,
    catalog.list_locations,
    catalog.list_partners,
    catalog.list_reasons,
    catalog.list_routings,
    catalog.list_sites,
    catalog.list_supplier_prices,
    catalog.list_units,
    catalog.list_work_centers,
    catalog.save_bill_of_material,
    catalog.save_item,
    catalog.save_location,
    catalog.save_partner,
    catalog.save_reason,
    catalog.save_routing,
    catalog.save_site,
    catalog.save_supplier_price,
    catalog.save_unit,
    catalog.save_work_center
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    costing.get_item_cost,
    costing.get_work_order_cost,
    costing.list_account_balances,
    costing.list_journal_entries,
    costing.list_valuation,
    costing.write_journal
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    document.cancel_print_job,
    document.get_content,
    document.get_file,
    document.get_print_content,
    document.get_print_job,
    document.get_printer,
    document.list_files,
    document.list_print_jobs,
    document.list_printers,
    document.print_label,
    document.save_printer
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    event.cancel_job,
    event.count_written,
    event.enter,
    event.get_feed_status,
    event.get_job,
    event.get_webhook_endpoint,
    event.list_jobs,
    event.list_webhook_attempts,
    event.list_webhook_endpoints,
    event.ping_webhook,
    event.read_log,
    event.record_refusal,
    event.redeliver_webhook,
    event.retry_job,
    event.rotate_webhook_secret,
    event.save_webhook_endpoint
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    export.get_file,
    export.list_files,
    export.request_file
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    floor.find_desk_items,
    floor.find_desk_partners,
    floor.get_job,
    floor.get_reference_data,
    floor.get_shipping_board,
    floor.get_warning_board,
    floor.get_work_center_board,
    floor.list_desk_customer_returns,
    floor.list_desk_invoices,
    floor.list_desk_purchase_orders,
    floor.list_desk_sales_orders,
    floor.list_desk_shipments,
    floor.list_desk_work_orders,
    floor.list_event_sites,
    floor.list_history,
    floor.list_jobs,
    floor.list_journals,
    floor.list_tasks,
    floor.note_sequence,
    floor.report_journal,
    floor.resolve_scan
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    identity.add_signing_key,
    identity.begin_badge_login,
    identity.change_version,
    identity.describe_grant,
    identity.find_client,
    identity.get_badge,
    identity.get_client,
    identity.get_device,
    identity.get_operator,
    identity.get_role,
    identity.introspect_refresh_token,
    identity.list_badges,
    identity.list_clients,
    identity.list_devices,
    identity.list_operators,
    identity.list_revoked_sessions,
    identity.list_roles,
    identity.list_sessions,
    identity.list_signing_keys,
    identity.make_client_secret,
    identity.make_pairing_code,
    identity.open_client_session,
    identity.open_operator_session,
    identity.redeem_pairing_code,
    identity.reseal_signing_key,
    identity.revoke,
    identity.revoke_token,
    identity.rotate_refresh_token,
    identity.save_badge,
    identity.save_client,
    identity.save_device,
    identity.save_operator,
    identity.save_role,
    identity.scopes_of,
    identity.set_pin,
    identity.unlock
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    inventory.change_lot_status,
    inventory.close_period,
    inventory.count_stock,
    inventory.get_count,
    inventory.get_lot,
    inventory.get_lot_change,
    inventory.get_period,
    inventory.get_transfer,
    inventory.list_expired_lots,
    inventory.list_movements,
    inventory.list_periods,
    inventory.list_stock,
    inventory.list_stock_as_of,
    inventory.merge_lots,
    inventory.post_opening_stock,
    inventory.post_transfers,
    inventory.resolve_barcode,
    inventory.reverse_count,
    inventory.reverse_transfer,
    inventory.split_lot
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    notify.confirm_mail,
    notify.get_mail,
    notify.list_mails,
    notify.retry_mail
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    production.cancel_work_order,
    production.complete_work_order,
    production.create_work_order,
    production.get_material_issue,
    production.get_production_report,
    production.get_work_order,
    production.issue_material,
    production.list_material_issues,
    production.list_production_reports,
    production.list_work_orders,
    production.reopen_work_order,
    production.report_production,
    production.return_material,
    production.reverse_material_issue,
    production.reverse_production_report
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    purchasing.close_purchase_order,
    purchasing.create_purchase_order,
    purchasing.get_goods_receipt,
    purchasing.get_inspection,
    purchasing.get_landed_cost,
    purchasing.get_purchase_order,
    purchasing.get_supplier_invoice,
    purchasing.get_supplier_return,
    purchasing.inspect_goods,
    purchasing.list_goods_receipts,
    purchasing.list_inspections,
    purchasing.list_landed_costs,
    purchasing.list_purchase_orders,
    purchasing.list_supplier_invoices,
    purchasing.list_supplier_returns,
    purchasing.post_landed_cost,
    purchasing.post_supplier_invoice,
    purchasing.receive_goods,
    purchasing.return_to_supplier,
    purchasing.reverse_goods_receipt,
    purchasing.reverse_inspection,
    purchasing.reverse_landed_cost,
    purchasing.reverse_supplier_invoice,
    purchasing.reverse_supplier_return
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    sales.cancel_sales_order,
    sales.close_sales_order,
    sales.create_sales_order,
    sales.extend_reservation,
    sales.get_sales_order,
    sales.list_sales_orders,
    sales.release_sales_order,
    sales.reserve_sales_order
TO millrace_api;

GRANT EXECUTE ON ROUTINE
    shipping.get_customer_return,
    shipping.get_handling_unit,
    shipping.get_pick,
    shipping.get_return_inspection,
    shipping.get_shipment,
    shipping.inspect_return,
    shipping.list_customer_returns,
    shipping.list_handling_units,
    shipping.list_picks,
    shipping.list_return_inspections,
    shipping.list_shipments,
    shipping.pack_handling_unit,
    shipping.pick_goods,
    shipping.return_goods,
    shipping.reverse_customer_return,
    shipping.reverse_pick,
    shipping.reverse_return_inspection,
    shipping.reverse_shipment,
    shipping.ship_goods,
    shipping.unpack_handling_unit
TO millrace_api;

-- What it reads itself: spreadsheets, piece by piece, and how far the feed is.
GRANT SELECT ON export.file, export.chunk, event.log_head TO millrace_api;
