package io.dunlin.checkpoint.format;

import io.dunlin.error.ExitCode;

/** What can go wrong with checkpoints and model files: the code, and how the process ends. */
public enum CheckpointError {
    /** A save ended with an I/O error on some rank. */
    SAVE_FAILED("DUN-301", Nature.OTHER),
    /** The disk has too little room for a save. */
    NO_SPACE("DUN-302", Nature.OTHER),
    /** A rank of an older generation tried to save. */
    STALE("DUN-303", Nature.OTHER),
    /** The manifest is not what was written. */
    MANIFEST_DAMAGED("DUN-304", Nature.DAMAGE),
    /** Files are missing. */
    INCOMPLETE("DUN-305", Nature.DAMAGE),
    /** A file is cut off or does not follow the safetensors format. */
    FILE_DAMAGED("DUN-306", Nature.DAMAGE),
    /** The bytes of a tensor are not those that were written. */
    CRC_MISMATCH("DUN-307", Nature.DAMAGE),
    /** The checkpoint is of another model. */
    DOES_NOT_FIT("DUN-308", Nature.OTHER),
    /** There are checkpoints, and none can be used. */
    NONE_USABLE("DUN-309", Nature.OTHER),
    /** The checkpoint asked for does not exist. */
    NOT_FOUND("DUN-310", Nature.OTHER),
    /** A file could not be read at all. */
    READ_FAILED("DUN-311", Nature.DAMAGE),
    /** A Hugging Face model that Dunlin cannot compute exactly. */
    UNSUPPORTED_MODEL("DUN-320", Nature.OTHER),
    /** A Hugging Face folder whose files do not match its config.json. */
    BAD_MODEL_FILES("DUN-321", Nature.OTHER),
    /** An exported model does not compute what the checkpoint computes. */
    EXPORT_DIFFERS("DUN-322", Nature.OTHER);

    private enum Nature {
        DAMAGE,
        OTHER
    }

    private final String code;
    private final Nature nature;

    CheckpointError(String code, Nature nature) {
        this.code = code;
        this.nature = nature;
    }

    /** For people and scripts, for example {@code DUN-307}. */
    public String code() {
        return code;
    }

    /** Whether one checkpoint is at fault, so that an older one may do. */
    public boolean damage() {
        return nature == Nature.DAMAGE;
    }

    /** How the process ends if nobody handles it. */
    public ExitCode exitCode() {
        return switch (this) {
            case SAVE_FAILED, NO_SPACE -> ExitCode.ENVIRONMENT;
            default -> ExitCode.CHECKPOINT;
        };
    }
}
