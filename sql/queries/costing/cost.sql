-- name: GetItemCost :one
SELECT costing.get_item_cost(@item::text)::jsonb AS document;

-- name: GetWorkOrderCost :one
SELECT costing.get_work_order_cost(@number::text)::jsonb AS document;

-- name: ListValuation :one
SELECT costing.list_valuation(@after::text, @row_limit::integer)::jsonb AS document;
