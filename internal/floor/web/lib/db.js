// IndexedDB: the journal of taps, and what the device keeps.
//
//   journal    one record per tap, by its number; state queued, confirmed or refused
//   kept       everything else, by name: session, settings, reference data, tasks, what codes meant
let opened;

export function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('millrace-floor', 1);
    request.onupgradeneeded = () => {
      const journal = request.result.createObjectStore('journal', { keyPath: 'sequence' });
      journal.createIndex('state', ['state', 'sequence']);
      request.result.createObjectStore('kept');
    };
    request.onsuccess = () => {
      const db = request.result;
      db.onversionchange = () => db.close();
      db.onclose = () => { opened = undefined; }; // the browser closed it
      resolve(db);
    };
    request.onerror = () => reject(request.error);
  });
  opened.catch(() => { opened = undefined; });
  return opened;
}

// begin opens a transaction, on a new connection where the old one was closed.
async function begin(...how) {
  try {
    return (await open()).transaction(...how);
  } catch {
    opened = undefined;
    return (await open()).transaction(...how);
  }
}

// transact runs work in one transaction and resolves with its result once that is done: with durability strict, on the disk.
// A device that is full forgets what it can do without, and work is tried once more.
export async function transact(stores, mode, work, durability = 'relaxed') {
  try {
    return await attempt(stores, mode, work, durability);
  } catch (error) {
    if (mode === 'readonly' || error?.name !== 'QuotaExceededError') throw error;
    await makeRoom();
    return attempt(stores, mode, work, durability);
  }
}

async function attempt(stores, mode, work, durability) {
  const transaction = await begin(stores, mode, { durability });
  return new Promise((resolve, reject) => {
    let result;
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error('aborted'));
    Promise.resolve(work((name) => transaction.objectStore(name))).then((value) => { result = value; }, (error) => {
      try { transaction.abort(); } catch { /* it is over already */ }
      reject(error);
    });
  });
}

const spare = 20; // confirmed taps that stay all the same

const makeRoom = () => attempt(['journal', 'kept'], 'readwrite', async (store) => {
  store('kept').delete('meant');
  store('kept').delete(IDBKeyRange.bound('tasks:', 'tasks;'));
  const confirmed = await ask(store('journal').index('state').getAllKeys(IDBKeyRange.bound(['confirmed', 0], ['confirmed', Infinity])));
  for (const key of confirmed.slice(0, -spare)) store('journal').delete(key);
});

// ask makes a promise of a request of IndexedDB.
export const ask = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

export const get = (name) => transact(['kept'], 'readonly', (store) => ask(store('kept').get(name)));
export const put = (name, value) => transact(['kept'], 'readwrite', (store) => ask(store('kept').put(value, name)));
export const remove = (name) => transact(['kept'], 'readwrite', (store) => ask(store('kept').delete(name)));
