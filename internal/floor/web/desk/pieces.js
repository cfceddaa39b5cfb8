// What several pages of the desk are made of.
import { authorize } from '/floor/lib/session.js';
import { tell } from '/floor/lib/signal.js';
import { current, quantity, t } from '/board/texts.js';

// Days name their month, since 11/12 is two days.
const place = () => (current() === 'en' ? 'en-GB' : current());
const date = { day: '2-digit', month: 'short', year: 'numeric' };
export const day = (iso) => (iso ? new Date(iso + 'T12:00:00').toLocaleDateString(place(), date) : '');
export const moment = (at) => new Date(at).toLocaleString(place(), { ...date, hour: '2-digit', minute: '2-digit' });

// cash writes an amount of money with its cents at least.
export const cash = (value) => { const [, cents = ''] = String(value).split('.'); return quantity(cents.length < 2 ? value + (cents ? '' : '.') + '0'.repeat(2 - cents.length) : value); };

// download fetches the document of an invoice, since a link carries no token.
export async function download(kind, number) {
  try {
    const response = await fetch('/v1/documents/' + kind + '/' + encodeURIComponent(number) + '/content', { headers: await authorize(), cache: 'no-store' });
    if (!response.ok) throw new Error(t(response.status === 404 ? 'being_drawn' : response.status === 403 ? 'no_right' : 'no_answer'));
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = number.replaceAll('/', '-') + '.pdf';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    tell('notice', '');
  } catch (error) {
    tell('notice', error.message || t('no_answer'));
  }
}
