package io.dunlin.checkpoint.format;

import io.dunlin.error.ExitCode;

/** What can go wrong with checkpoints and model files: the code, how the process ends, and the long text. */
public enum CheckpointError {
    /** A save ended with an I/O error on some rank. */
    SAVE_FAILED(
            "DUN-301",
            Nature.OTHER,
            "A rank could not write its part of a checkpoint. The unfinished folder was removed, older checkpoints are"
                    + " untouched, and training goes on where it can. A save on the way out is different: the run does"
                    + " not claim to have saved."),
    /** The disk has too little room for a save. */
    NO_SPACE(
            "DUN-302",
            Nature.OTHER,
            "A save starts only if the file system has 1.2 times the bytes it will write, so that a checkpoint is never"
                    + " cut off half way by a full disk."),
    /** A rank of an older generation tried to save. */
    STALE(
            "DUN-303",
            Nature.OTHER,
            "Since this rank started, another generation of the run has taken over the checkpoint folder. Only the newest"
                    + " one may commit; what this rank has written is ignored."),
    /** The manifest is not what was written. */
    MANIFEST_DAMAGED(
            "DUN-304",
            Nature.DAMAGE,
            "manifest.json is cut off, altered, or of a version that this Dunlin does not know. Its last line holds a"
                    + " CRC32C of everything before it."),
    /** Files are missing. */
    INCOMPLETE(
            "DUN-305",
            Nature.DAMAGE,
            "A checkpoint is complete when its folder has its final name, its manifest is whole, and every file that the"
                    + " manifest names is there with the length it says."),
    /** A file is cut off or does not follow the safetensors format. */
    FILE_DAMAGED(
            "DUN-306",
            Nature.DAMAGE,
            "The length or the header of a safetensors file is not what it must be, so nothing in it can be trusted."),
    /** The bytes of a tensor are not those that were written. */
    CRC_MISMATCH(
            "DUN-307",
            Nature.DAMAGE,
            "Each tensor's CRC32C was computed while it was written. The bytes read now have another one: the file was"
                    + " altered, or the disk or memory returned something else than was stored."),
    /** The checkpoint is of another model. */
    DOES_NOT_FIT(
            "DUN-308",
            Nature.OTHER,
            "The checkpoint is whole, but what this run needs from it is not there or has another shape: usually the"
                    + " model in the job file is another one than the one that was saved."),
    /** There are checkpoints, and none can be used. */
    NONE_USABLE(
            "DUN-309",
            Nature.OTHER,
            "Every checkpoint of the run was rejected, each for the reason given. Dunlin does not start again from the"
                    + " beginning by itself where there is something to rescue."),
    /** The checkpoint asked for does not exist. */
    NOT_FOUND("DUN-310", Nature.OTHER, "There is no checkpoint of that step in the folder."),
    /** A file could not be read at all. */
    READ_FAILED(
            "DUN-311",
            Nature.DAMAGE,
            "The operating system reported an error while a checkpoint file was read: permissions, a broken disk, or a"
                    + " network file system that went away."),
    /** A Hugging Face model that Dunlin cannot compute exactly. */
    UNSUPPORTED_MODEL(
            "DUN-320",
            Nature.OTHER,
            "config.json asks for something that Dunlin does not compute. Importing the weights anyway would give a model"
                    + " that silently behaves differently, so the import stops at the first such field."),
    /** A Hugging Face folder whose files do not match its config.json. */
    BAD_MODEL_FILES(
            "DUN-321",
            Nature.OTHER,
            "The tensors in the folder are not those that its config.json promises: one is missing, one too many, or one"
                    + " has another shape or type."),
    /** An exported model does not compute what the checkpoint computes. */
    EXPORT_DIFFERS(
            "DUN-322",
            Nature.OTHER,
            "After an export the files are read again and the logits of one batch are compared with the checkpoint's."
                    + " They differ, so the export is not to be used.");

    private enum Nature {
        DAMAGE,
        OTHER
    }

    private final String code;
    private final Nature nature;
    private final String explanation;

    CheckpointError(String code, Nature nature, String explanation) {
        this.code = code;
        this.nature = nature;
        this.explanation = explanation;
    }

    /** For people and scripts, for example {@code DUN-307}. */
    public String code() {
        return code;
    }

    /** Whether one checkpoint is at fault, so that an older one may do. */
    public boolean damage() {
        return nature == Nature.DAMAGE;
    }

    /** What {@code dunlin explain CODE} prints. */
    public String explanation() {
        return explanation;
    }

    /** How the process ends if nobody handles it. */
    public ExitCode exitCode() {
        return ExitCode.CHECKPOINT;
    }
}
