-- name: ReceiveGoods :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.receive_goods(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: ReverseGoodsReceipt :one
SELECT a.status::integer AS status, a.body::jsonb AS body, a.is_replayed::boolean AS is_replayed
FROM purchasing.reverse_goods_receipt(@context::jsonb, @command::jsonb) AS a(status, body, is_replayed);

-- name: GetGoodsReceipt :one
SELECT purchasing.get_goods_receipt(@number::text)::jsonb AS document;

-- name: ListGoodsReceipts :one
SELECT purchasing.list_goods_receipts(NULLIF(@after::text, ''), @row_limit::integer)::jsonb AS document;
