"""Where a training stands, in one line and a bar."""

import streamlit as st

from distill.handle import ALIVE
from distill.jobs import Job
from distill.ui import settings
from distill.ui.opening import say


def progress(job: Job | None, key: str) -> None:
    """One line and a bar, always of the same height, so that nothing below jumps when a training begins or ends."""
    with st.container(height=34, border=False, key=f"{key}-progress"):
        if job is None:
            return
        if job.status in ALIVE:
            st.progress(job.progress, text=settings.standing(job))
        elif job.message:
            say(job.message, alert=job.status == "failed")
        elif job.follow_up:
            st.html(f'<p class="soft">Trained. Computing {job.follow_up} …</p>')
