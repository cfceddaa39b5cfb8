// The journal of this device: what is queued, confirmed with its receipt number, or refused and waits for a person.
import { reference } from '../lib/codes.js';
import { t, time } from '../lib/i18n.js';
import { acknowledge, add, flush, list } from '../lib/outbox.js';
import { on, tell } from '../lib/signal.js';
import * as session from '../lib/session.js';
import { play } from '../lib/sound.js';
import { Status } from '../lib/status.js';
import { Facts, Hold, html, Primary, Row, Screen, Secondary, useEffect, useRef, useState } from '../lib/ui.js';
import { hintText, problemText } from '../lib/verdict.js';

const looks = { queued: ['wait', 'wait'], confirmed: ['ok', 'ok'], refused: ['no', 'stop'] };

// reversals say what takes a command back, and what it is called there.
const reversals = {
  '/v1/goods-receipts': ['/v1/goods-receipt-reversals', 'goods_receipt'],
  '/v1/inspections': ['/v1/inspection-reversals', 'inspection'],
  '/v1/put-aways': ['/v1/transfer-reversals', 'transfer'],
  '/v1/transfers': ['/v1/transfer-reversals', 'transfer'],
  '/v1/material-issues': ['/v1/material-issue-reversals', 'material_issue'],
  '/v1/production-reports': ['/v1/production-report-reversals', 'production_report'],
  '/v1/picks': ['/v1/pick-reversals', 'pick'],
  '/v1/shipments': ['/v1/shipment-reversals', 'shipment'],
  '/v1/customer-returns': ['/v1/customer-return-reversals', 'customer_return'],
  '/v1/return-inspections': ['/v1/return-inspection-reversals', 'return_inspection'],
  '/v1/supplier-returns': ['/v1/supplier-return-reversals', 'supplier_return'],
  '/v1/counts': ['/v1/count-reversals', 'count'],
};

// Those that wait for a person stand first.
const isWaiting = (one) => one.state === 'refused' && !one.seenAt;

export function Journal({ onBack }) {
  const [records, setRecords] = useState([]);
  const [open, setOpen] = useState(null);
  // Rows stay where they were when the journal was opened, with the room that they had; what is new comes last.
  const load = (isAnew) => list(100).then((found) => setRecords((shown) => {
    if (isAnew === true || !shown.length) return [...found.filter(isWaiting), ...found.filter((one) => !isWaiting(one))].map((one) => ({ ...one, wasRefused: one.state === 'refused' }));
    const now = new Map(found.map((one) => [one.sequence, one]));
    const stay = shown.map((one) => ({ ...one, ...now.get(one.sequence) }));
    return [...stay, ...found.filter((one) => !shown.some((other) => other.sequence === one.sequence))];
  }));
  useEffect(() => { load(); return on('journal', load); }, []);
  const hasQueued = useRef(false); // and then the button stays
  hasQueued.current ||= records.some((one) => one.state === 'queued');
  const record = open && records.find((one) => one.sequence === open);
  if (record) return html`<${Entry} record=${record} records=${records} onBack=${() => { setOpen(null); load(true); }} />`;
  const row = (one) => {
    const [tone, icon] = looks[one.state];
    return html`<${Row} key=${one.sequence} id=${one.sequence} tone=${tone} icon=${icon} title=${one.title}
      sub=${[one.state === 'queued' && !session.canSend(one.operator) ? t('state.away', one) : t('state.' + one.state), one.receipt, one.wasRefused ? problemText(one.problem) : '', time(one.at), one.operator].filter(Boolean).join(' · ')}
      onTap=${() => setOpen(one.sequence)} />`;
  };
  return html`<${Screen} name="journal" title=${t('journal')} onBack=${onBack} status=${html`<${Status} />`}
    actions=${hasQueued.current && html`<${Primary} icon="online" disabled=${!records.some((one) => one.state === 'queued')} onTap=${() => { tell('retry'); flush(); }}>${t('journal.send')}</${Primary}>`}>
    ${!records.length && html`<p class="note">${t('journal.empty')}</p>`}
    <div class="rows">${records.map(row)}</div>
  </${Screen}>`;
}

function Entry({ record, records, onBack }) {
  const reversal = record.state === 'confirmed' && record.receipt && reversals[record.path];
  const isTaken = reversal && records.some((one) => one.path === reversal[0] && one.body[reversal[1]] === record.receipt && one.state !== 'refused');
  const reason = reference().reasons.find((one) => one.kind === 'reversal');
  const [isFull, setFull] = useState(false);
  const store = (work) => work.then(onBack, () => { play('refused'); setFull(true); });
  const takeBack = () => store(add({
    path: reversal[0], title: t('done.take_back', { number: record.receipt }), body: { [reversal[1]]: record.receipt, reason: reason?.code ?? '' },
    operator: session.current().operator, device: session.current().device,
  }));
  return html`<${Screen} name="entry" title=${t('state.' + record.state)} onBack=${onBack} status=${html`<${Status} />`}
    actions=${html`
      ${reversal && reason && !isTaken && html`<${Hold} id="take-back" icon="undo" onTap=${takeBack}>${t('take_back')}</${Hold}>`}
      ${record.state === 'refused' && !record.seenAt && html`<${Primary} tone="no" icon="ok" onTap=${() => store(acknowledge(record.sequence, session.current().operator))}>${t('journal.seen')}</${Primary}>`}
      ${record.state !== 'refused' && !reversal && html`<${Secondary} id="close" icon="back" onTap=${onBack}>${t('back')}</${Secondary}>`}`}>
    <h2>${record.state === 'refused' ? t('verdict.not', { what: record.title }) : record.title}</h2>
    ${record.state === 'refused' && html`<p class="note wait">${problemText(record.problem)}${hintText(record.problem)}</p>`}
    ${isFull && html`<p class="note wait" role="alert">${t('error.disk')}</p>`}
    <${Facts} rows=${[
    [t('receipt'), record.receipt], [t('number'), String(record.sequence)], [t('operator'), record.operator], [t('when'), time(record.at)],
    [t('journal.key'), record.key.slice(0, 8)], [t('journal.details'), record.state === 'refused' ? record.problem?.detail : ''],
    [t('seen_by'), record.seenBy],
  ]} />
  </${Screen}>`;
}
