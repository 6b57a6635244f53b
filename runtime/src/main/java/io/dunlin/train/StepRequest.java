package io.dunlin.train;

/** What somebody outside may ask of a run; a request counts from the step at which all ranks have agreed on it. */
public enum StepRequest {
    /** Save a checkpoint after this step and go on. */
    SAVE,
    /** Finish this step, save, and leave. */
    STOP
}
