// What somebody should see to, errors first.
import { html, Icon } from '/floor/lib/ui.js';
import { age, t } from './texts.js';
import { Named, Table } from './pieces.js';

// Subjects that are numbers of documents.
const kinds = { work_order_late: 'work_order', sales_order_late: 'sales_order', inspection_waits: 'goods_receipt' };
const errors = (answer) => answer.warnings.filter((one) => one.severity === 'error').length;

export const Warnings = ({ answer, now }) => answer.count === 0
  ? html`<div class="all-well"><${Icon} name="ok" /><b>${t('all_well')}</b></div>`
  : html`<div class="figures"><div class=${'figure ' + (errors(answer) ? 'no' : '')}><b>${errors(answer)}</b><span>${t('errors')}</span></div>
      <div class="figure wait"><b>${answer.count - errors(answer)}</b><span>${t('warnings')}</span></div></div>
    <${Table} head=${['', t('what'), t('which'), t('detail'), t('since')]} rows=${answer.warnings.map((one) => ({
      key: one.kind + one.subject, tone: one.severity === 'error' ? 'no' : 'wait', cells: [
        html`<${Icon} name=${one.severity === 'error' ? 'stop' : 'offline'} label=${t('severity.' + one.severity)} />`, html`<b>${t('warning.' + one.kind)}</b>`, kinds[one.kind] ? html`<${Named} kind=${kinds[one.kind]} number=${one.subject} />` : one.subject, one.detail,
        one.since ? age(now - Date.parse(one.since)) : ''] }))} />`;
