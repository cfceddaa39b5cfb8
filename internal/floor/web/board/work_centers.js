// Each work center with what it works at and what waits for it.
import { html, Icon } from '/floor/lib/ui.js';
import { day, quantity, t, unit } from './texts.js';
import { Bar, Named } from './pieces.js';

export const WorkCenters = ({ answer }) => answer.work_centers.length === 0 ? html`<p class="empty">${t('empty.work_centers')}</p>` : html`<div class="cards">${answer.work_centers.map((center) => html`
  <article key=${center.code ?? ''} class=${'card' + (center.late ? ' no' : '')}>
    <h2><span>${center.code ?? t('no_work_center')}</span> <small>${center.name}</small></h2>
    <p class="counts">${t('orders', { n: center.orders })}${center.late > 0 && html` · <strong class="late"><${Icon} name="stop" /> ${t('late_orders', { n: center.late })}</strong>`}</p>
    ${center.queue.length === 0 && html`<p class="empty">${t('idle')}</p>`}
    <ol>${center.queue.map((one) => html`<li key=${one.number} class=${one.state}>
      <div><b><${Named} kind="work_order" number=${one.number} /></b> <span>${one.name}</span></div>
      <div class="done"><${Bar} percent=${one.done_percent} /><span class="amount">${quantity(one.good_quantity)} / ${quantity(one.quantity)} ${unit(one.unit)}</span></div>
      <div class="due">${one.state === 'in_process' ? html`<span class="state"><${Icon} name="report" /> ${t('state.in_process')}</span>` : html`<span>${t('state.released')}</span>`}
        ${Number(one.scrap_quantity) > 0 && html`<span>${t('scrap')} ${quantity(one.scrap_quantity)}</span>`}
        ${one.due_on && html`<span class=${one.is_late ? 'late' : ''}>${one.is_late && html`<${Icon} name="stop" label=${t('late')} />`} ${day(one.due_on)}</span>`}</div>
    </li>`)}</ol>
    ${center.orders > center.queue.length && html`<p class="more">${t('more', { n: center.orders - center.queue.length })}</p>`}
  </article>`)}</div>`;
