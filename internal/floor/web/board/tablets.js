// What is still on the tablets: nothing is lost as long as it stands here.
import { html, Icon } from '/floor/lib/ui.js';
import { age, t } from './texts.js';
import { Table } from './pieces.js';

export function Tablets({ answer, now }) {
  const all = [...answer.items].sort((a, b) => b.missing.length - a.missing.length || b.refused - a.refused || b.queued - a.queued || a.device.localeCompare(b.device));
  const sum = (name) => all.reduce((total, one) => total + one[name], 0);
  const oldest = all.map((one) => one.queued > 0 && one.oldest_queued_at).filter(Boolean).sort()[0];
  return html`<div class="figures">
      <div class=${'figure ' + (sum('queued') ? 'wait' : 'ok')}><b>${sum('queued')}</b><span>${t('on_tablets')}</span></div>
      <div class="figure"><b>${oldest ? age(now - Date.parse(oldest)) : '–'}</b><span>${t('oldest')}</span></div>
      <div class=${'figure' + (sum('refused') ? ' no' : '')}><b>${sum('refused')}</b><span>${t('refused')}</span></div>
    </div>
    <${Table} empty=${t('empty.tablets')} head=${[t('device'), t('queued'), t('oldest'), t('refused'), t('missing'), t('heard')]} rows=${all.map((one) => ({
      key: one.journal, tone: one.missing.length || one.refused ? 'no' : one.queued ? 'wait' : 'ok', cells: [
        html`<${Icon} name=${one.missing.length || one.refused ? 'stop' : one.queued ? 'wait' : 'ok'} /> <b>${one.device}</b>`, html`<span class="amount">${one.queued}</span>`,
        one.queued && one.oldest_queued_at ? age(now - Date.parse(one.oldest_queued_at)) : '', html`<span class="amount">${one.refused}</span>`, one.missing.slice(0, 5).join(', '), age(now - Date.parse(one.heard_at))] }))} />`;
}
