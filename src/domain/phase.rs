//! The phase of a job: is it building, testing, releasing or deploying?
