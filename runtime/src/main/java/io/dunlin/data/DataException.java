package io.dunlin.data;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.util.List;
import java.util.Locale;

/** Something is wrong with the text, the tokens, or the files they are in: {@code DUN-6xx}. */
public final class DataException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private DataException(String code, String message, String remedy) {
        super(code, message, remedy, ExitCode.USAGE);
    }

    private DataException(String code, String message, String remedy, ExitCode exitCode, Throwable cause) {
        super(code, message, remedy, exitCode, cause);
    }

    static DataException unknownTokenizer(String name, List<String> known) {
        return new DataException(
                "DUN-601",
                "data.tokenizer = \"%s\": there is no such tokenizer. Known: %s".formatted(name, String.join(", ", known)),
                "--set data.tokenizer=" + known.getFirst());
    }

    static DataException badBatch(String what) {
        return new DataException("DUN-613", what, "change train.tokens_per_step, train.micro_batch or model.context");
    }

    static DataException positionOutside(DataPosition position, long samples) {
        return new DataException(
                "DUN-614",
                format("the run is at sample %,d of pass %,d, but the data has %,d samples a pass", position.sample(),
                        position.epoch(), samples),
                "resume with the data and the model.context that the run began with");
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
