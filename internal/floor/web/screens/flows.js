// What each task asks for, and the command that it ends in.
import * as codes from '../lib/codes.js';
import { divided, isMore, isPositive, less } from '../lib/decimal.js';
import { date, quantity, t, time, unit } from '../lib/i18n.js';
import { readScan } from '../lib/gs1.js';
import { now } from '../lib/clock.js';
import { Big, Entry, Facts, Hold, html, Pad, Primary, Prompt, Quantity, Row, Secondary, useEffect, useState } from '../lib/ui.js';
import { on } from '../lib/signal.js';

const amount = (value, code) => quantity(value) + '\u00a0' + unit(code, codes.unitName(code));
const named = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && value !== ''));
const unitsOf = (number) => {
  const item = codes.item(number);
  return item ? [{ unit: item.unit, numerator: '1', denominator: '1' }, ...(item.units ?? [])] : [];
};
const scaleOf = (code) => codes.reference().units.find((one) => one.code === code)?.scale ?? 6;
const secondUnit = (values) => codes.item(values.item)?.second_unit;
const isTracked = (values) => (values.tracking ?? codes.item(values.item)?.tracking ?? 'none') !== 'none';

const keyOf = (task) => [task.number, task.line, task.lot, task.from].join();

// useTasks follows the list of what is to be done of a kind. What is shown stays where it is while somebody may be about to
// tap it: what was done meanwhile is marked in its place, and what is new comes last.
function useTasks(kind, group = (items) => items) {
  const [list, setList] = useState(null);
  useEffect(() => {
    const load = () => codes.tasks(kind).then((next) => setList((shown) => {
      const items = group(next.items);
      if (!shown?.items.length) return { ...next, items };
      const now = new Map(items.map((task) => [keyOf(task), task]));
      const stay = shown.items.map((task) => now.get(keyOf(task)) ?? { ...task, isDone: true });
      return { ...next, items: [...stay, ...items.filter((task) => !shown.items.some((one) => keyOf(one) === keyOf(task)))] };
    }), () => setList((shown) => shown ?? { items: [], isMissing: true }));
    load();
    return on('journal', ({ settled }) => { if (settled) load(); });
  }, []);
  return list;
}

// Tasks is that list as rows.
function Tasks({ kind, onChoose, filter, group }) {
  const list = useTasks(kind, group);
  if (!list) return html`<p class="note" role="status">${t('loading')}</p>`;
  const items = filter ? list.items.filter(filter) : list.items;
  return html`
    <div class="rows">${items.map((task) => html`<${Row} key=${keyOf(task)} id=${[task.number, task.line, task.item, task.lot].filter(Boolean).join(' ')}
      title=${task.title ?? [task.item ?? task.number, task.lot].filter(Boolean).join(' · ')}
      sub=${[task.item ? task.name : '', task.item ? task.number : '', task.partner_name ?? task.reference, task.from && t('from') + ' ' + task.from, task.due_on && date(task.due_on)].filter(Boolean).join(' · ')}
      right=${task.quantity && html`<${Quantity} value=${task.quantity} code=${task.unit} />`} isDone=${task.isDone} onTap=${() => onChoose(task)} />`)}</div>
    ${list.isOld && html`<p class="note wait">${t('tasks.old', { time: time(list.at) })}</p>`}
    ${list.isMissing && html`<p class="note wait">${t('tasks.missing')}</p>`}
    ${!items.length && !list.isMissing && html`<p class="note">${t('tasks.none')}</p>`}`;
}

// fitsTask says whether a scan means the task.
const fitsTask = (task, code) =>
  (code.number !== undefined && code.number === task.number) ||
  (code.item !== undefined && code.item === task.item && (!code.lot || !task.lot || code.lot === task.lot)) ||
  (code.sscc !== undefined && code.sscc === task.number);

// taskStep lets a task be chosen by tap or scan. fill gives the values that the task brings.
function taskStep(kind, fill, { group, prompt, isChoice } = {}) {
  return {
    name: 'task',
    async accept(code, values) {
      const { items } = await codes.tasks(kind).catch(() => ({ items: [] }));
      let fitting = (group ? group(items) : items).filter((task) => fitsTask(task, code) && (!values.only || fitsTask(task, values.only)));
      if (fitting.length > 1 && (code.number || isChoice)) return { only: code };
      if (fitting.length > 1) fitting = fitting.slice(0, 1); // the soonest due comes first
      if (!fitting.length) return undefined;
      return { task: fitting[0], ...fill(fitting[0]), ...(code.item ? proof(code) : {}) };
    },
    show: ({ values, set }) => ({
      body: html`<${Prompt}>${t(prompt ?? 'prompt.task')}</${Prompt}>
        <${Tasks} kind=${kind} group=${group} filter=${values.only ? (task) => fitsTask(task, values.only) : undefined}
          onChoose=${(task) => set({ task, ...fill(task) })} />`,
    }),
  };
}

// proof is what a scan of goods brings.
const proof = (code) => named({ isProven: true, lot: code.lot, expires_on: code.expires_on, ...amountOf(code) });

// amountOf is how much a label says that there is: a weight is the catch weight of what has one.
const amountOf = (code) => (!code.quantity ? {} : code.unit !== undefined && code.unit === secondUnit(code) ? { second: code.quantity } : { quantity: code.quantity, unit: code.unit });

const locationStep = (name, prompt, { isRight } = {}) => ({
  name,
  accept(code) {
    if (code.kind !== 'location') return undefined;
    if (isRight && !isRight(code)) return { error: t('scan.wrong_place', { place: code.location }) };
    return { [name]: code.location };
  },
  show: ({ values, set }) => ({
    body: html`<${Facts} rows=${facts(values)} /><${Prompt}>${t(prompt)}</${Prompt}>
      <div class="rows">${codes.reference().locations.filter((place) => !isRight || isRight({ location_kind: place.kind })).slice(0, 60).map((place) => html`
        <${Row} key=${place.code} id=${place.code} title=${place.code} sub=${place.name} onTap=${() => set({ [name]: place.code })} />`)}</div>`,
  }),
});

const goodsStep = (prompt = 'prompt.goods') => ({
  name: 'item',
  accept(code) {
    if (code.kind !== 'item' && code.kind !== 'lot') return undefined;
    return { item: code.item, name: code.name, tracking: code.tracking, lot: code.lot, unit: codes.item(code.item)?.unit, quantity: undefined, second: undefined, ...amountOf(code) };
  },
  show: ({ values }) => ({
    body: html`<${Facts} rows=${facts(values)} /><${Prompt}>${t(prompt)}</${Prompt}>`,
  }),
});

const lotStep = () => ({
  name: 'lot',
  when: isTracked,
  accept(code, values) {
    if (code.kind === 'lot' && code.item === values.item) return named({ lot: code.lot, expires_on: code.expires_on, ...(values.quantity === undefined && amountOf(code)) });
    return undefined;
  },
  show: ({ values, set }) => ({
    body: html`<${Facts} rows=${facts(values)} /><${Prompt}>${t('prompt.lot')}</${Prompt}>
      <${Entry} label=${t('lot')} pattern=${lotForm} onDone=${(lot) => set({ lot })} />`,
  }),
});

const lotForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,19}$/;

// textStep takes a number by hand, or by a scan of any code that has its form. It is asked for out of turn.
const textStep = (name, label, prompt, read) => ({
  name,
  when: () => false,
  raw(text) {
    const found = read(readScan(text));
    return lotForm.test(found) ? { [name === 'newLot' ? 'lot' : name]: found } : undefined;
  },
  show: ({ values, set }) => ({
    body: html`<${Prompt}>${t(prompt)}</${Prompt}>
      <${Entry} key=${name} label=${t(label)} value=${values[name === 'newLot' ? 'lot' : name]} pattern=${lotForm} onDone=${(text) => set({ [name === 'newLot' ? 'lot' : name]: text })} />`,
  }),
});

const lotIn = (scan) => scan?.elements['10'] ?? scan?.elements['21'] ?? (scan && !scan.gtin ? scan.text : '');

// newLotStep names a lot that is not there yet.
const newLotStep = () => textStep('newLot', 'lot', 'prompt.new_lot', lotIn);

// expiryStep takes the last day of use as people say it: day, month, year.
const expiryStep = {
  name: 'expires_on',
  when: () => false,
  show: ({ values, set, back }) => ({
    whole: html`<${Pad} label=${t('expires.enter')} scale=${0} value=${(values.expires_on ?? '').split('-').reverse().join('')} format=${(text) => text.replace(/^(..)(.)/, '$1.$2').replace(/^(.....)(.)/, '$1.$2')} onBack=${back}
      isRight=${(text) => Boolean(isoDay(text))} onDone=${(text) => set({ expires_on: isoDay(text) })} />`,
  }),
};

function isoDay(text) {
  const iso = [text.slice(4), text.slice(2, 4), text.slice(0, 2)].join('-');
  const at = new Date(iso + 'T00:00:00Z');
  return text.length === 8 && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(iso) ? iso : undefined;
}

// weightStep takes what the scale shows, of items that are counted and weighed.
const weightStep = (name = 'second', when = () => true, label = 'weight') => ({
  name,
  when: (values) => secondUnit(values) && when(values),
  show: ({ values, set, back }) => ({
    whole: html`<${Pad} key=${name} label=${t(label)} value=${values[name]} code=${secondUnit(values)} scale=${scaleOf(secondUnit(values))} onBack=${back} onDone=${(value) => set({ [name]: value })} />`,
  }),
});
const isWeighed = (values) => !secondUnit(values) || isPositive(values.second ?? '0');

// detailsStep lists what may be said and mostly is not.
const detailsStep = (rows) => ({
  name: 'details',
  when: () => false,
  show: ({ values, open }) => ({
    body: html`<div class="rows">${rows(values).map(([name, label, value]) => html`<${Row} key=${name} id=${name} title=${label} sub=${value ?? ''} icon="edit" onTap=${() => open(name)} />`)}</div>`,
  }),
});
const Details = ({ open }) => html`<${Secondary} id="details" icon="edit" onTap=${() => open('details')}>${t('details')}</${Secondary}>`;

const quantityStep = ({ name = 'quantity', label = 'quantity', isSoft = false, when } = {}) => ({
  name,
  when,
  isFilled: (values) => isSoft || (values[name] !== undefined && values[name] !== ''),
  show: ({ values, set, back }) => ({
    whole: html`<${UnitPad} key=${name} label=${t(label)} value=${values[name]} values=${values} onBack=${back} onDone=${(value, code) => set({ [name]: value, unit: code, ...(name === 'quantity' && values.quantity && secondUnit(values) ? { second: undefined } : {}) })} />`,
  }),
});

// UnitPad is the pad with the units of the item: what was keyed in goes along when it is whole in the next one.
function UnitPad({ label, value = '', values, onBack, onDone }) {
  const units = unitsOf(values.item);
  const [at, setAt] = useState(Math.max(0, units.findIndex((one) => one.unit === values.unit)));
  const [start, setStart] = useState(value);
  const chosen = units[at] ?? { unit: values.unit };
  const turn = (now) => {
    const next = units[(at + 1) % units.length];
    // now × (numerator/denominator) base units; back by those of the next.
    const converted = now && divided(now, BigInt(next.numerator) * BigInt(chosen.denominator), BigInt(next.denominator) * BigInt(chosen.numerator));
    setStart(converted ?? '');
    setAt((at + 1) % units.length);
  };
  return html`<${Pad} key=${chosen.unit} label=${label} value=${start} code=${chosen.unit} units=${units} scale=${scaleOf(chosen.unit)} onUnit=${turn} onBack=${onBack}
    onDone=${(number) => onDone(number, chosen.unit)} />`;
}

const kinds = { PO: 'purchase_order', GR: 'goods_receipt', WO: 'work_order', SO: 'sales_order', PK: 'pick', SH: 'shipment', RT: 'customer_return' };
const kindOf = (number = '') => (kinds[number.slice(0, 2)] ? t('kind.' + kinds[number.slice(0, 2)]) : t('order'));

const facts = (values) => [
  [values.task && kindOf(values.task.number), values.task?.number],
  [t('item'), values.item && [values.item, values.name ?? codes.item(values.item)?.name].filter(Boolean).join(' · ')],
  [t('lot'), values.lot],
  [t('weight'), values.second && amount(values.second, secondUnit(values))],
  [t('expires'), values.expires_on && date(values.expires_on)],
  [t('from'), values.from],
  [t('to'), values.to],
  [t('partner'), values.task?.partner_name],
];

const reasonsOf = (...kinds) => codes.reference().reasons.filter((reason) => kinds.includes(reason.kind));

const reasonStep = (name, kinds, when) => ({
  name,
  when,
  show: ({ values, set }) => ({
    body: html`<${Facts} rows=${facts(values)} /><h2>${t('reason')}</h2>
      <div class="rows">${reasonsOf(...kinds).map((reason) => html`<${Row} key=${reason.code} id=${reason.code} title=${reason.name} sub=${reason.code} onTap=${() => set({ [name]: reason.code })} />`)}</div>`,
  }),
});

// summary is the last step: the big number, what it is about, and the one action.
const summary = ({ verb, isReady = () => true, number = 'quantity', extra, prompt, accept, rows, tone }) => ({
  name: 'summary',
  isFilled: () => false,
  accept,
  show: (context) => {
    const { values, submit, open } = context;
    const ready = isReady(values) && (values[number] === undefined || isPositive(values[number]));
    return {
      body: html`
        ${values[number] !== undefined && html`<${Big} value=${values[number]} code=${values.unit} label=${[values.item, values.lot].filter(Boolean).join(' · ')} onTap=${() => open(number)} />`}
        ${prompt && html`<${Prompt} hint=${prompt.hint?.(values)}>${t(prompt.text)}</${Prompt}>`}
        <${Facts} rows=${rows?.(values) ?? facts(values)} />`,
      actions: html`${extra?.(context)}<${Primary} tone=${tone?.(values) ?? 'go'} disabled=${!ready} icon="ok" onTap=${() => submit()}>${verb(values)}</${Primary}>`,
    };
  },
});

const verbWith = (key) => (values) => t(key, { quantity: values.quantity !== undefined ? amount(values.quantity, values.unit) : '' });
const titled = (key, values) => t(key, { quantity: amount(values.quantity, values.unit) }) + ' · ' + [values.item, values.lot].filter(Boolean).join(' / ');

const fromTask = (task) => named({
  item: task.item, name: task.name, tracking: task.tracking, lot: task.lot, quantity: task.quantity, unit: task.unit, from: task.from, to: task.to,
});

// groupBy makes one task of all lines of a document.
const groupBy = (items) => {
  const groups = new Map();
  for (const task of items) {
    if (!groups.has(task.number)) groups.set(task.number, { number: task.number, reference: task.reference, partner_name: task.partner_name, lines: [] });
    groups.get(task.number).lines.push(task);
  }
  return [...groups.values()].map((group) => (group.lines.length === 1
    ? { ...group.lines[0], lines: group.lines }
    : { ...group, title: group.number, name: '', partner_name: [group.partner_name, t('lines', { n: group.lines.length })].join(' · ') }));
};

const noteOf = (values) => (values.notedOn && values.notedOn !== values.task?.number ? undefined : values.delivery_note);
const isReturn = (values) => values.task.number.startsWith('RT-');

export const flows = {
  receive: {
    id: 'receive',
    steps: [
      taskStep('receive', (task) => { const { to, ...values } = fromTask(task); void to; return values; }),
      quantityStep({ isSoft: true }),
      weightStep(),
      newLotStep(),
      textStep('supplier_lot', 'lot.supplier', 'prompt.label', lotIn),
      textStep('delivery_note', 'delivery_note', 'prompt.delivery_note', (scan) => scan?.text),
      expiryStep,
      detailsStep((values) => [
        ...(isTracked(values) ? [['supplier_lot', t('lot.supplier'), values.supplier_lot], ['expires_on', t('expires'), values.expires_on && date(values.expires_on)]] : []),
        ['delivery_note', t('delivery_note'), noteOf(values)],
      ]),
      summary({
        verb: verbWith('do.receive'),
        prompt: { text: 'prompt.label', hint: (values) => (values.lot ? '' : t('hint.lot_made')) },
        accept: (code, values) => ((code.kind === 'lot' || code.kind === 'item') && code.item === values.item ? named({ ...proof(code), isProven: undefined }) : undefined),
        rows: (values) => [...facts(values), [t('lot.supplier'), values.supplier_lot], [t('delivery_note'), noteOf(values)]],
        extra: ({ values, open }) => html`<div class="pair">${isTracked(values) && html`<${Secondary} id="lot" icon="edit" onTap=${() => open('newLot')}>${values.lot ? t('lot') + ' ' + values.lot : t('lot.enter')}</${Secondary}>`}<${Details} open=${open} /></div>`,
      }),
    ],
    // One delivery has one note: it holds for the next line of the same order.
    next: (done) => (noteOf(done) ? { delivery_note: noteOf(done), notedOn: done.task.number } : {}),
    command: (values) => ({
      path: '/v1/goods-receipts', title: titled('done.receive', values),
      body: named({
        purchase_order: values.task.number, delivery_note: noteOf(values), lines: [named({
          line: values.task.line, quantity: values.quantity, unit: values.unit, second_quantity: values.second,
          ...(isTracked(values) ? { lot: values.lot, supplier_lot: values.supplier_lot, expires_on: values.expires_on } : {}),
        })],
      }),
    }),
  },

  inspect: {
    id: 'inspect',
    steps: [
      taskStep('inspect', (task) => { const { to, ...values } = fromTask(task); void to; return values; }),
      quantityStep({ isSoft: true }),
      quantityStep({ name: 'rejected', label: 'quantity.rejected', when: (values) => values.isRejecting }),
      weightStep('rejectedSecond', (values) => values.isRejecting, 'weight.rejected'),
      weightStep('second', (values) => isReturn(values) && values.isRejecting && isMore(values.quantity, values.rejected ?? '0'), 'weight.accepted'),
      reasonStep('reason', ['rejection'], (values) => values.isRejecting && !isReturn(values)),
      summary({
        tone: (values) => (values.isRejecting ? 'no' : 'go'),
        verb: (values) => (values.isRejecting
          ? t('do.reject', { quantity: amount(values.rejected, values.unit) })
          : t('do.accept', { quantity: amount(values.quantity, values.unit) })),
        isReady: (values) => !values.isRejecting || !isMore(values.rejected, values.quantity),
        extra: ({ values, set }) => (values.isRejecting
          ? html`<${Secondary} id="accept" icon="undo" onTap=${() => set({ isRejecting: false, rejected: undefined, rejectedSecond: undefined, second: undefined, reason: undefined })}>${t('reject.not')}</${Secondary}>`
          : html`<${Secondary} id="reject" icon="no" tone="danger" onTap=${() => set({ isRejecting: true })}>${t('reject')}</${Secondary}>`),
        rows: (values) => [...facts(values), [t('quantity.rejected'), values.rejected && amount(values.rejected, values.unit)], [t('reason'), values.reason]],
      }),
    ],
    command(values) {
      const title = values.isRejecting ? t('done.reject', { quantity: amount(values.rejected, values.unit) }) + ' · ' + values.item : titled('done.accept', values);
      const accepted = values.isRejecting ? less(values.quantity, values.rejected) : values.quantity;
      const verdict = {
        line: values.task.line, unit: values.unit, accepted_quantity: isPositive(accepted) ? accepted : undefined,
        rejected_quantity: values.isRejecting ? values.rejected : undefined, rejected_second_quantity: values.rejectedSecond,
      };
      return isReturn(values)
        ? { path: '/v1/return-inspections', title, body: { customer_return: values.task.number, lines: [named({ ...verdict, accepted_second_quantity: values.second })] } }
        : { path: '/v1/inspections', title, body: named({ goods_receipt: values.task.number, ...verdict, reason: values.reason }) };
    },
  },

  put_away: {
    id: 'put_away',
    steps: [
      taskStep('put_away', (task) => { const { to, ...values } = fromTask(task); return { ...values, expected: to }; }, { prompt: 'prompt.goods_or_task' }),
      quantityStep({ isSoft: true }),
      weightStep(),
      {
        ...locationStep('place', 'prompt.to', { isRight: (code) => code.location_kind === 'storage' }), when: () => false,
      },
      summary({
        verb: (values) => (values.expected || values.place ? t('do.put_away', { quantity: amount(values.quantity, values.unit), to: values.place ?? values.expected }) : t('prompt.to')),
        isReady: (values) => Boolean(values.place ?? values.expected),
        prompt: { text: 'prompt.to', hint: (values) => values.expected && t('hint.expected', { place: values.expected }) },
        accept: (code) => {
          if (code.kind !== 'location') return undefined;
          return code.location_kind === 'storage' ? { place: code.location, isArrived: true } : { error: t('scan.wrong_place', { place: code.location }) };
        },
        extra: ({ open }) => html`<${Secondary} id="place" icon="put_away" onTap=${() => open('place')}>${t('place.other')}</${Secondary}>`,
      }),
    ],
    isComplete: (values) => Boolean(values.isArrived && values.task && isPositive(values.quantity) && isWeighed(values)),
    command: (values) => ({
      path: '/v1/put-aways', title: titled('done.put_away', values) + ' → ' + (values.place ?? values.expected),
      body: named({ item: values.item, lot: values.lot, from: values.from, to: values.place ?? values.expected, quantity: values.quantity, unit: values.unit, second_quantity: values.second }),
    }),
  },

  issue: {
    id: 'issue',
    steps: [
      taskStep('issue', fromTask, { prompt: 'prompt.work_order' }),
      quantityStep({ isSoft: true }),
      weightStep(),
      summary({
        verb: verbWith('do.issue'),
        prompt: { text: 'prompt.material', hint: (values) => (values.lot ? '' : t('hint.fefo')) },
        accept: (code, values) => {
          if (code.kind !== 'lot' && code.kind !== 'item') return undefined;
          if (code.item !== values.item) return { error: t('scan.other_item', { item: code.item }) };
          return named({ ...proof(code), expires_on: undefined });
        },
        rows: (values) => [[kindOf(values.task.number), values.task.number + ' · ' + values.task.reference], ...facts({ ...values, task: undefined, from: undefined })],
      }),
    ],
    command: (values) => ({
      path: '/v1/material-issues', title: titled('done.issue', values) + ' → ' + values.task.number,
      body: { work_order: values.task.number, lines: [named({ item: values.item, lot: values.lot, quantity: values.quantity, unit: values.unit, second_quantity: values.second })] },
    }),
  },

  report: {
    id: 'report',
    steps: [
      taskStep('report', (task) => { const { to, ...values } = fromTask(task); void to; return { ...values, materials: [] }; }, { prompt: 'prompt.work_order' }),
      quantityStep({ label: 'quantity.good', isSoft: true }),
      weightStep('second', (values) => isPositive(values.quantity ?? '0')),
      quantityStep({ name: 'scrap', label: 'quantity.scrap', when: (values) => values.hasScrap }),
      weightStep('scrapSecond', (values) => values.hasScrap, 'weight.scrap'),
      reasonStep('scrapReason', ['scrap'], (values) => values.hasScrap && isPositive(values.scrap ?? '0')),
      newLotStep(),
      expiryStep,
      {
        name: 'minutes', when: () => false,
        show: ({ values, set, back }) => ({ whole: html`<${Pad} label=${t('minutes')} value=${values.minutes} scale=${0} onBack=${back} onDone=${(minutes) => set({ minutes })} />` }),
      },
      detailsStep((values) => [
        ...(isTracked(values) ? [['newLot', t('lot'), values.lot], ['expires_on', t('expires'), values.expires_on && date(values.expires_on)]] : []), ['minutes', t('minutes'), values.minutes],
      ]),
      {
        ...summary({
          verb: (values) => t('do.report', { quantity: amount(values.quantity, values.unit) }) + (isPositive(values.scrap ?? '0') ? ' · ' + t('do.scrap', { quantity: amount(values.scrap, values.unit) }) : ''),
          isReady: (values) => isPositive(values.quantity ?? '0') || isPositive(values.scrap ?? '0'),
          prompt: { text: 'prompt.lot_or_material' },
          accept: (code, values) => {
            if (code.kind !== 'lot') return undefined;
            if (code.item === values.item) return { lot: code.lot };
            return { materials: [...(values.materials ?? []).filter((one) => one.item !== code.item), { item: code.item, lot: code.lot }] };
          },
          rows: (values) => [
            [kindOf(values.task.number), values.task.number], [t('item'), values.name], [t('lot'), values.lot ?? t('hint.lot_made')],
            [t('weight'), values.second && amount(values.second, secondUnit(values))], [t('expires'), values.expires_on && date(values.expires_on)], [t('minutes'), values.minutes],
            [t('quantity.scrap'), values.scrap && amount(values.scrap, values.unit) + ' · ' + (values.scrapReason ?? '')],
            ...(values.materials ?? []).map((one) => [t('material'), one.item + ' · ' + one.lot]),
          ],
          extra: ({ values, open, set, send, restart }) => html`
            <div class="pair">
              <${Secondary} id="scrap" icon="no" onTap=${() => set({ hasScrap: true, scrap: undefined, scrapSecond: undefined, scrapReason: undefined })}>${t('scrap')}</${Secondary}>
              <${Details} open=${open} />
              <${Hold} id="complete" icon="ok" onTap=${async () => {
    if (await send({ path: '/v1/work-order-completions', title: t('done.complete', { order: values.task.number }), body: { work_order: values.task.number } })) restart();
  }}>${t('complete')}</${Hold}>
            </div>`,
        }),
      },
    ],
    command: (values) => ({
      path: '/v1/production-reports', title: titled('done.report', values),
      body: named({
        work_order: values.task.number, unit: values.unit, good_quantity: isPositive(values.quantity) ? values.quantity : undefined,
        good_second_quantity: values.second, scrap_second_quantity: values.scrapSecond, expires_on: isTracked(values) ? values.expires_on : undefined,
        ...(values.minutes ? { started_at: new Date(now() - values.minutes * 60_000).toISOString(), ended_at: now().toISOString() } : {}),
        scrap_quantity: isPositive(values.scrap ?? '0') ? values.scrap : undefined, scrap_reason: isPositive(values.scrap ?? '0') ? values.scrapReason : undefined,
        lot: isTracked(values) ? values.lot : undefined, materials: values.materials?.length ? values.materials : undefined,
      }),
    }),
  },

  transfer: {
    id: 'transfer',
    steps: [
      locationStep('from', 'prompt.from'),
      {
        ...locationStep('to', 'prompt.to'),
        accept: (code, values) => (code.kind !== 'location' ? undefined : code.location === values.from ? { error: t('scan.same_place') } : { to: code.location }),
      },
      goodsStep(),
      lotStep(),
      quantityStep(),
      weightStep(),
      summary({ verb: verbWith('do.transfer') }),
    ],
    sticky: ['from', 'to'],
    // A label that says all moves by its scan alone.
    isComplete: (values) => Boolean(values.from && values.to && values.item && (!isTracked(values) || values.lot) && values.quantity && isPositive(values.quantity) && isWeighed(values)),
    command: (values) => ({
      path: '/v1/transfers', title: titled('done.transfer', values) + ' ' + values.from + ' → ' + values.to,
      body: named({ item: values.item, lot: isTracked(values) ? values.lot : undefined, from: values.from, to: values.to, quantity: values.quantity, unit: values.unit, second_quantity: values.second }),
    }),
  },

  pick: {
    id: 'pick',
    steps: [
      taskStep('pick', (task) => ({ ...fromTask(task), to: undefined }), { prompt: 'prompt.sales_order' }),
      quantityStep({ isSoft: true }),
      weightStep(),
      summary({
        verb: verbWith('do.pick'),
        prompt: { text: 'prompt.goods', hint: (values) => [values.from, values.item, values.lot].filter(Boolean).join(' · ') },
        accept: (code, values) => {
          if (code.kind === 'location') return code.location === values.from ? { isThere: true } : { error: t('scan.wrong_place', { place: code.location }) };
          if (code.kind !== 'lot' && code.kind !== 'item') return undefined;
          if (code.item !== values.item) return { error: t('scan.other_item', { item: code.item }) };
          if (values.lot && code.lot && code.lot !== values.lot) return { error: t('scan.other_lot', { lot: code.lot, wanted: values.lot }) };
          return named({ lot: code.lot, isProven: true, second: amountOf(code).second ?? values.second });
        },
      }),
    ],
    command: (values) => ({
      path: '/v1/picks', title: titled('done.pick', values) + ' · ' + values.task.number,
      body: { sales_order: values.task.number, lines: [named({ line: values.task.line, quantity: values.quantity, unit: values.unit, lot: values.lot, location: values.from, second_quantity: values.second })] },
    }),
  },

  pack: {
    id: 'pack',
    steps: [
      taskStep('pack', (task) => ({ kind: 'box', packLines: task.lines ?? [task] }), { group: groupBy, prompt: 'prompt.pick' }),
      {
        name: 'summary', isFilled: () => false,
        show: ({ values, set, submit }) => ({
          body: html`
            <${Big} value=${values.packLines.length === 1 ? values.packLines[0].quantity : String(values.packLines.length)}
              code=${values.packLines.length === 1 ? values.packLines[0].unit : ''} label=${values.packLines.length === 1 ? values.packLines[0].name : t('lines.packed')} />
            <${Facts} rows=${[[kindOf(values.task.number), values.task.number], [t('partner'), values.task.partner_name], ...values.packLines.slice(0, 5).map((line) => [line.item, [line.lot, amount(line.quantity, line.unit)].filter(Boolean).join(' · ')])]} />`,
          actions: html`<div class="pair">
              <${Secondary} id="box" icon="box" tone=${values.kind === 'box' ? 'chosen' : ''} onTap=${() => set({ kind: 'box' }, false)}>${t('box')}</${Secondary}>
              <${Secondary} id="pallet" icon="pallet" tone=${values.kind === 'pallet' ? 'chosen' : ''} onTap=${() => set({ kind: 'pallet' }, false)}>${t('pallet')}</${Secondary}>
            </div>
            <${Primary} icon="pack" onTap=${() => submit()}>${t('do.pack.' + values.kind)}</${Primary}>`,
        }),
      },
    ],
    command: (values) => ({
      path: '/v1/handling-units', title: t('done.pack.' + values.kind) + ' · ' + values.task.number,
      body: { kind: values.kind, contents: values.packLines.map((line) => ({ pick: line.number, line: line.line, quantity: line.quantity })) },
    }),
  },

  ship: {
    id: 'ship',
    initial: () => ({ units: [] }),
    steps: [
      {
        name: 'units', isFilled: (values) => values.isChosen,
        accept: (code, values) => (code.kind === 'handling_unit' ? { units: [...new Set([...values.units, code.sscc])] } : undefined),
        show: ({ values, set }) => ({
          body: html`<${Prompt}>${t('prompt.units')}</${Prompt}><${Units} chosen=${values.units}
            onToggle=${(sscc) => set({ units: values.units.includes(sscc) ? values.units.filter((one) => one !== sscc) : [...values.units, sscc] }, false)} />`,
          actions: html`<${Primary} icon="ok" disabled=${!values.units.length} onTap=${() => set({ isChosen: true })}>${t('units.chosen', { n: values.units.length })}</${Primary}>`,
        }),
      },
      {
        name: 'carrier',
        show: ({ set }) => ({
          body: html`<h2>${t('carrier')}</h2><div class="rows">
            ${codes.reference().carriers.map((carrier) => html`<${Row} key=${carrier.code} id=${carrier.code} title=${carrier.name} sub=${carrier.code} icon="ship" onTap=${() => set({ carrier: carrier.code })} />`)}
            <${Row} id="collects" title=${t('carrier.none')} icon="person" onTap=${() => set({ carrier: '' })} /></div>`,
        }),
      },
      {
        name: 'summary', isFilled: () => false,
        accept: (code, values) => (code.kind === 'handling_unit' ? { units: [...new Set([...values.units, code.sscc])] } : undefined),
        show: ({ values, submit }) => ({
          body: html`<${Big} value=${String(values.units.length)} label=${t('units')} />
            <${Facts} rows=${[[t('carrier'), values.carrier || t('carrier.none')], ...values.units.slice(0, 8).map((sscc) => ['SSCC', sscc])]} />`,
          actions: html`<${Primary} icon="ship" onTap=${() => submit()}>${t('do.ship')}</${Primary}>`,
        }),
      },
    ],
    next: () => ({ units: [] }),
    command: (values) => ({
      path: '/v1/shipments', title: t('done.ship', { n: values.units.length }), body: named({ handling_units: values.units, carrier: values.carrier }),
    }),
  },

  // What a customer sends back, and what goes back to a supplier.
  return: back('return', 'prompt.delivery_note', 'return', '/v1/customer-returns',
    (task, line) => ({ shipment: task.number, lines: [line] }), false),
  send_back: back('send_back', 'prompt.rejected', 'rejection', '/v1/supplier-returns',
    (task, line) => ({ goods_receipt: task.number, ...line }), true),

  count: {
    id: 'count',
    steps: [
      locationStep('from', 'prompt.place'),
      goodsStep('prompt.count'),
      lotStep(),
      {
        ...quantityStep({ label: 'quantity.counted' }), name: 'quantity',
        // What a label says was printed, not counted.
        isFilled: (values) => values.isCounted,
        show: ({ values, set, back }) => ({
          whole: html`<${UnitPad} label=${t('quantity.counted')} values=${values} onBack=${back} onDone=${(value, code) => set({ quantity: value, unit: code, isCounted: true, second: undefined })} />`,
        }),
      },
      weightStep(),
      reasonStep('reason', ['adjustment'], () => reasonsOf('adjustment').length > 1),
      {
        name: 'summary', isFilled: () => false,
        show: ({ values, submit, open }) => ({
          body: html`<${Big} value=${values.quantity} code=${values.unit} label=${[values.item, values.lot].filter(Boolean).join(' · ')} onTap=${() => open('quantity')} />
            <${Facts} rows=${[[t('place'), values.from], [t('item'), values.name], [t('lot'), values.lot], [t('weight'), values.second && amount(values.second, secondUnit(values))]]} />`,
          actions: html`<${Primary} icon="ok" onTap=${() => submit()}>${t('do.count', { quantity: amount(values.quantity, values.unit) })}</${Primary}>`,
        }),
      },
    ],
    sticky: ['from'],
    command: (values) => ({
      path: '/v1/counts', title: titled('done.count', values) + ' · ' + values.from,
      body: {
        location: values.from, reason: values.reason ?? reasonsOf('adjustment')[0]?.code ?? '',
        lines: [named({ item: values.item, lot: isTracked(values) ? values.lot : undefined, counted_quantity: values.quantity, unit: values.unit, counted_second_quantity: values.second })],
      },
    }),
  },
};

function back(id, prompt, reason, path, body, isAll) {
  return {
    id,
    steps: [
      taskStep(id, (task) => ({ ...fromTask(task), to: undefined, ...(isAll ? {} : { quantity: undefined }) }), { prompt, isChoice: true }),
      quantityStep({ isSoft: isAll, label: 'quantity.back' }),
      weightStep(),
      reasonStep('reason', [reason]),
      summary({ verb: verbWith('do.' + id), rows: (values) => [...facts(values), [t(isAll ? 'kind.purchase_order' : 'delivery_note'), values.task.reference], [t('reason'), values.reason]] }),
    ],
    command: (values) => ({
      path, title: titled('done.' + id, values),
      body: body(values.task, named({ line: values.task.line, quantity: values.quantity, unit: values.unit, second_quantity: values.second, reason: values.reason })),
    }),
  };
}

function Units({ chosen, onToggle }) {
  const items = useTasks('ship')?.items ?? [];
  const others = chosen.filter((sscc) => !items.some((task) => task.number === sscc)).map((number) => ({ number }));
  return html`<div class="rows">${[...items, ...others].map((task) => html`<${Row} key=${task.number} id=${task.number} title=${task.number.replace(/(.{4})(?=.)/g, '$1 ')}
    sub=${task.partner_name} icon=${task.reference === 'pallet' ? 'pallet' : 'box'} isChosen=${chosen.includes(task.number)} isDone=${task.isDone && !chosen.includes(task.number)}
    right=${chosen.includes(task.number) ? '✓' : ''} onTap=${() => onToggle(task.number)} />`)}</div>`;
}
