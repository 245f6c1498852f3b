/** Mounts the app. Theme and language put themselves on when they are imported; the rest is App.svelte. */
import './look/base.css';
import './look/theme.svelte';
import './i18n/locale.svelte';
import { mount } from 'svelte';
import App from './App.svelte';
import { session } from './app-session.svelte';
import { appUpdate } from './app-update.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no place for the app');

mount(App, { target });
void session.boot();

// The dev server rebuilds by itself; a worker would serve yesterday's files.
if (import.meta.env.PROD) void appUpdate.register();
