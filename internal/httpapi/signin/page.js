const prefix = document.body.dataset.prefix
const said = document.getElementById('said')
const token = document.getElementById('token')

const ask = async (method, headers) => {
  try {
    return await fetch(prefix + '/session', { method, headers, credentials: 'same-origin' })
  } catch {
    return { ok: false, status: 0 }
  }
}

const words = {
  0: 'There is no connection.',
  401: 'The token is not valid, or has ended.',
  403: 'The token is not for this: it takes jobs:admin at all sites.',
  429: 'Too many tries. Wait a minute.',
}

document.getElementById('in').addEventListener('submit', async event => {
  event.preventDefault()
  const answer = await ask('POST', { Authorization: 'Bearer ' + token.value.trim() })
  token.value = ''
  if (answer.ok) location.replace(prefix + '/')
  else said.textContent = words[answer.status] ?? 'It cannot be done now (' + answer.status + ').'
})

document.getElementById('out').addEventListener('click', async () => {
  const answer = await ask('DELETE', {})
  said.textContent = answer.ok ? 'You are signed out.' : words[answer.status] ?? 'It cannot be done now (' + answer.status + ').'
})
