// A form: what is typed stays in this tab until it has had its effect, what is wrong is said at its field, and what became
// of it is said in large.
import { html, Icon, useState } from '/floor/lib/ui.js';
import { t } from '/board/texts.js';
import { kept, useCommand } from './command.js';

// problemText is the sentence for people, in their language where there is one.
export function problemText(problem) {
  const slug = problem?.type?.split('/').pop();
  const own = t('problem.' + slug);
  return own === 'problem.' + slug ? [problem?.detail ?? problem?.title, problem?.hint].filter(Boolean).join(' ') : own;
}

// placesOf finds the fields that a refusal is about: by the place that it names, or by the values that its facts repeat.
export function placesOf(problem, body) {
  const errors = {};
  for (const { location = '', message } of problem?.errors ?? []) {
    errors[location.replace(/^body\.?/, '').replace(/\[(\d+)\]/g, '.$1')] = message;
  }
  const say = (place) => { errors[place] ??= problemText(problem); };
  const { line, ...facts } = problem?.details ?? {};
  for (const [name, value] of Object.entries(facts)) {
    if (body?.[name] !== undefined && body[name] === value) say(name);
    (body?.lines ?? []).forEach((one, i) => { if (one[name] === value && (!line || line === i + 1)) say('lines.' + i + '.' + name); });
  }
  return errors;
}

// useForm holds the values of a form. bodyOf gives {body, errors} of them.
export function useForm({ name, blank, path, bodyOf }) {
  const [values, setValues] = useState(() => kept.get(name + ':draft') ?? blank);
  const [isTried, setTried] = useState(false);
  const command = useCommand(name);
  const [sent, setSent] = useState(command.body);
  const { body, errors } = bodyOf(values);
  const isBusy = command.is === 'sending' || command.is === 'unsure';
  const said = command.is === 'refused' && sent ? placesOf(command.problem, sent) : {};
  return {
    values, isBusy, command, name,
    // A field says what is wrong with it once somebody tried to send, or the server said so and it was not changed since.
    errorOf: (place) => (isTried && errors[place]) || said[place],
    set(change) {
      if (isBusy) return;
      setValues((before) => {
        const next = { ...before, ...(typeof change === 'function' ? change(before) : change) };
        kept.put(name + ':draft', next);
        return next;
      });
    },
    redraw: () => setValues((before) => ({ ...before })),
    submit(event) {
      event?.preventDefault();
      if (isBusy) return;
      setTried(true);
      const wrong = Object.keys(errors)[0];
      if (wrong) {
        setTimeout(() => document.querySelector('.field.wrong input')?.focus());
        return;
      }
      setSent(body);
      command.send(path, body);
    },
    clear() {
      kept.remove(name + ':draft');
      setValues(blank);
      setTried(false);
      setSent(null);
      command.reset();
    },
  };
}

// Message is what became of the command, where it is not done.
export const Message = ({ command }) => html`<div class="messages" aria-live="polite">
  ${command.is === 'refused' && html`<p class="message no" data-message="refused"><${Icon} name="stop" /><span>${problemText(command.problem)}</span></p>`}
  ${command.is === 'unsure' && html`<p class="message wait" data-message="unsure"><${Icon} name="wait" /><span>${t('unsure')}</span></p>`}</div>`;

// Send is the one button of a form.
export const Send = ({ command, label, tone = 'go', isOff }) => html`<button type="submit" class=${'button ' + tone} data-action="send" disabled=${isOff || command.is === 'sending'}
  onClick=${command.is === 'unsure' ? (event) => { event.preventDefault(); command.again(); } : undefined}>
  <${Icon} name=${command.is === 'sending' ? 'wait' : 'ok'} /><span>${command.is === 'sending' ? t('sending') : command.is === 'unsure' ? t('send_again') : label}</span></button>`;

// Done says the number of what came of it.
export const Done = ({ title, number, detail, children }) => html`<section class="done" data-done=${number} role="status"><${Icon} name="ok" />
  <div><h2>${title}</h2><b class="big">${number}</b>${detail && html`<p>${detail}</p>`}</div><div class="buttons">${children}</div></section>`;
