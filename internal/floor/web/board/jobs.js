// What the worker does, and what it could not do.
import { html, Icon } from '/floor/lib/ui.js';
import { age, t } from './texts.js';
import { Bar, Table } from './pieces.js';

const groups = { running: ['running'], waiting: ['available', 'scheduled', 'pending'], retryable: ['retryable'], discarded: ['discarded'], completed: ['completed', 'cancelled'] };
const tones = { running: ['ok', 'report'], waiting: ['plain', 'wait'], retryable: ['wait', 'offline'], discarded: ['no', 'stop'], completed: ['ok', 'ok'] };
const order = ['discarded', 'retryable', 'running', 'waiting', 'completed'];

export function Jobs({ answer, now }) {
  const groupOf = (state) => Object.keys(groups).find((name) => groups[name].includes(state)) ?? 'waiting';
  const all = answer.items.map((one) => ({ ...one, group: groupOf(one.state) })).sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
  const count = (name) => all.filter((one) => one.group === name).length;
  return html`<div class="figures">${['running', 'waiting', 'retryable', 'discarded'].map((name) => html`
      <div key=${name} class=${'figure ' + (count(name) ? tones[name][0] : '')}><b>${count(name)}</b><span>${t('jobs.' + name)}</span></div>`)}</div>
    <${Table} empty=${t('empty.jobs')} head=${[t('job'), t('state'), t('progress'), t('detail'), t('since')]} rows=${all.slice(0, 40).map((one) => ({
      key: one.number, tone: tones[one.group][0], cells: [html`<b>${one.number}</b> ${one.kind}`, html`<span class="state"><${Icon} name=${tones[one.group][1]} /> ${t('jobs.' + one.group)}</span>`,
        one.progress === null ? '' : html`<${Bar} percent=${one.progress} />`, one.reason ?? '',
        age(now - Date.parse(one.created_at))] }))} />`;
}
