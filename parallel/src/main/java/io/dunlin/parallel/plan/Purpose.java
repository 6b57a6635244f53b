package io.dunlin.parallel.plan;

/** What bytes are sent for. */
public enum Purpose {
    /** Weights before forward; those of the head and of the last two blocks serve backward too. */
    WEIGHTS_FORWARD("weights forward"),
    /** Weights before backward. */
    WEIGHTS_BACKWARD("weights backward"),
    /** Sums of gradients. */
    GRADIENTS("gradients"),
    /** Updated weights. */
    REFRESH("updated weights");

    private final String label;

    Purpose(String label) {
        this.label = label;
    }

    /** For tables. */
    public String label() {
        return label;
    }
}
