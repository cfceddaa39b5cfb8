// What several boards are made of.
import { html } from '/floor/lib/ui.js';
import { placeOfRecord } from './history.js';
import { may } from './rights.js';

// Named is a number that leads to its history, for those who may see it and sit at a desk: a line of a table is no target for gloves.
export const Named = ({ kind, number, item, children = number }) => (may('audit:read') && !matchMedia('(pointer: coarse)').matches
  ? html`<a class="record" href=${placeOfRecord(kind, number, item)}>${children}</a>` : children);

export const Bar = ({ percent }) => html`<span class="meter"><progress max="100" value=${percent} aria-label=${percent + ' %'}></progress><span>${percent} %</span></span>`;

export const Table = ({ head, rows, empty }) => rows.length === 0 ? html`<p class="empty">${empty}</p>` : html`<table>
  <thead><tr>${head.map((text) => html`<th key=${text} scope="col">${text}</th>`)}</tr></thead>
  <tbody>${rows.map(({ key, tone, cells }) => html`<tr key=${key} class=${tone ?? ''}>${cells.map((cell, i) => html`<td data-label=${head[i]}>${cell}</td>`)}</tr>`)}</tbody>
</table>`;
