package io.dunlin.model;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;

/** A model that cannot be made as it was asked for. */
public final class ModelException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private ModelException(String code, String message, String remedy) {
        super(code, message, remedy, ExitCode.USAGE);
    }

    /** Dimensions that contradict each other. */
    static ModelException dimensions(String message, String remedy) {
        return new ModelException("DUN-511", message, remedy);
    }

    /** A preset that does not exist. */
    static ModelException unknownPreset(String name, Iterable<String> known) {
        return new ModelException(
                "DUN-512", "There is no preset '" + name + "'.", "Use one of: " + String.join(" ", known));
    }

    /** A token that the vocabulary does not have. */
    static ModelException token(int token, int vocabulary) {
        return new ModelException(
                "DUN-513",
                "Token %d is outside of the model's vocabulary of %d.".formatted(token, vocabulary),
                "Train on text prepared with the tokenizer of this model, or set model.vocab to the tokenizer's size.");
    }

    /** Settings of sampling that cannot be followed. */
    static ModelException sampling(String message, String remedy) {
        return new ModelException("DUN-514", message, remedy);
    }

    /** Logits of a model whose weights have gone wrong. */
    static ModelException notNumbers(int position) {
        return new ModelException(
                "DUN-515",
                "What the model predicts at position %d are no numbers: its weights are not finite."
                        .formatted(position),
                "Go back to an earlier checkpoint, and train on with a lower learning rate.");
    }
}
