//! Keys in the triage view, over a made-up board and a real small log.
