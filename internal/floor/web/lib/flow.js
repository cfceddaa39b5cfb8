// One task from its first scan to its tap. A flow (screens/flows.js) is a list of steps; what they fill are values.
//
//   step = {
//     name,                          member of values that it fills
//     when(values)                   whether it is asked; default: always
//     isFilled(values)               default: values[name] is there
//     raw(text, values)              takes a scan before anybody is asked what it means
//     accept(code, values)           what a scan means for it: values to set, {error} or nothing
//     show(context)                  what there is on the screen while it is open; its last one is the summary
//   }
//   flow = { id, steps, command(values) → tap, isReady(values), sticky: names kept for the next one }
import * as codes from './codes.js';
import * as outbox from './outbox.js';
import * as session from './session.js';
import { t } from './i18n.js';
import { receive, scanned } from './scanner.js';
import { Status } from './status.js';
import { on } from './signal.js';
import { backward, html, Later, Screen, useLayoutEffect, useRef, useState } from './ui.js';
import { problemText, useVerdict, Verdict } from './verdict.js';

const isOpenStep = (values) => (step) => (!step.when || Boolean(step.when(values))) &&
  !(step.isFilled ? step.isFilled(values) : values[step.name] !== undefined);

export function Flow({ flow, onBack }) {
  const [values, show] = useState(() => flow.initial?.() ?? {});
  const [detour, setDetour] = useState(null); // a step that was asked for out of turn
  const [isCamera, setCamera] = useState(false);
  const past = useRef([]);
  const now = useRef(values);
  const done = useRef({}); // the last scan that was a tap by itself
  const voice = useVerdict();
  const { heard, unheard, error, taken, twice } = voice;

  // Scans come faster than the screen is drawn, so what is true is kept beside it.
  const set = (change, isStep = true) => {
    if (isStep) past.current.push(now.current);
    now.current = typeof change === 'function' ? change(now.current) : { ...now.current, ...change };
    show(now.current);
    setDetour(null);
  };
  const openStep = (at = now.current) => flow.steps.find(isOpenStep(at)) ?? flow.steps.at(-1);

  // send stores a tap and says so. Nothing is said to be taken that is not on the disk, and nothing is sent then: a tap that
  // was sent without its key on the disk could not be sent again.
  const send = async (tap) => {
    heard(tap.title);
    try {
      taken(await outbox.add({ ...tap, operator: session.current().operator, device: session.current().device }));
      return true;
    } catch {
      error(t('error.disk'));
      return false;
    }
  };

  const submit = async () => {
    const final = now.current;
    if (!await send(flow.command(final))) return false; // nothing is forgotten on the screen
    past.current = [];
    now.current = Object.fromEntries((flow.sticky ?? []).filter((name) => final[name] !== undefined).map((name) => [name, final[name]]));
    if (flow.next) now.current = flow.next(final, now.current);
    show(now.current);
    setDetour(null);
    return true;
  };

  const take = (text, said, at) => {
    // A scanner that reads a label twice in one moment, or sends it in two ways, means it once; hands are slower.
    const isTwice = done.current.text === text && at - done.current.at < 250;
    if (isTwice) return twice(t('scan.twice'));
    return understand(text).then((isDone) => { if (isDone) done.current = { text, at }; }).finally(() => unheard(said));
  };

  const understand = async (text) => {
    // A step that asks for something new takes what nobody knows.
    const fresh = (detour ?? openStep()).raw?.(text, now.current);
    if (fresh) return set(fresh);
    const before = now.current;
    let code;
    try {
      code = await codes.resolve(text);
    } catch (failure) {
      return error(failure.problem ? problemText(failure.problem) : t('scan.unknown_offline', { code: text.slice(0, 30) }));
    }
    if (code.kind === 'damaged') return error(t('scan.damaged'));
    if (now.current !== before) return undefined; // a tap was faster
    const step = detour ?? openStep(before);
    // The open step first, then those behind it, then a correction of those before.
    const order = [step, ...flow.steps.filter((other) => other !== step && isOpenStep(before)(other)), ...flow.steps.filter((other) => other !== step && !isOpenStep(before)(other))];
    let refusal;
    for (const candidate of order) {
      const result = await candidate.accept?.({ ...code, text }, before);
      if (now.current !== before) return undefined; // a tap was faster
      if (!result) continue;
      if (result.error) { refusal ??= result.error; continue; }
      set(result);
      return flow.isComplete?.(now.current) ? submit() : undefined;
    }
    return error(refusal ?? t('scan.wrong', { what: describe(code) }));
  };
  const latest = useRef(take);
  latest.current = take;
  useLayoutEffect(() => receive((...scan) => latest.current(...scan), heard), []);
  useLayoutEffect(() => on('camera', () => setCamera(true)), []);

  const back = () => {
    if (detour) return setDetour(null);
    if (past.current.length) {
      now.current = past.current.pop();
      return show(now.current);
    }
    return onBack();
  };

  const stepBack = useRef();
  stepBack.current = () => {
    if (isCamera) setCamera(false);
    else if (detour || past.current.length) back();
    else return false;
    return true;
  };
  useLayoutEffect(() => {
    const one = () => stepBack.current();
    backward.push(one);
    return () => backward.splice(backward.indexOf(one), 1);
  }, []);

  const restart = () => {
    past.current = [];
    now.current = flow.initial?.() ?? {};
    show(now.current);
  };

  const step = detour ?? openStep(values);
  const context = {
    values, set, send, submit, back, restart, flow, error,
    open: (name) => setDetour(flow.steps.find((one) => one.name === name)),
    isDetour: Boolean(detour),
  };
  const drawn = step.show(context);
  if (isCamera) {
    return html`<${Later} from=${() => import('../screens/camera.js')} name="Camera" onBack=${() => setCamera(false)} onCode=${(text) => { setCamera(false); scanned(text); }} />`;
  }
  if (drawn.whole) return html`${drawn.whole}<${Verdict} voice=${voice} isBrief />`;
  return html`<${Screen} name=${flow.id + ' ' + step.name} title=${t('task.' + flow.id)} onBack=${back} status=${html`<${Status} />`}
    verdict=${html`<${Verdict} voice=${voice} />`}
    actions=${drawn.actions}>
    ${drawn.body}
  </${Screen}>`;
}

// describe says what a code is, for people.
export function describe(code) {
  const name = code.sscc ?? (code.lot ? code.item + ' / ' + code.lot : undefined) ?? code.item ?? code.location ?? code.number ?? code.operator ?? '';
  return t('kind.' + code.kind) + ' ' + name;
}
