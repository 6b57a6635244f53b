package io.dunlin.data;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Something is wrong with the text, the tokens, or the files they are in: {@code DUN-6xx}. */
public final class DataException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private DataException(String code, String message, String remedy) {
        this(code, message, remedy, ExitCode.USAGE);
    }

    private DataException(String code, String message, String remedy, ExitCode exitCode) {
        super(code, message, remedy, exitCode);
    }

    private DataException(String code, String message, String remedy, ExitCode exitCode, Throwable cause) {
        super(code, message, remedy, exitCode, cause);
    }

    static DataException unknownTokenizer(String name, List<String> known) {
        return new DataException(
                "DUN-601",
                "data.tokenizer = \"%s\": there is no such tokenizer. Known: %s"
                        .formatted(name, String.join(", ", known)),
                "--set data.tokenizer=" + known.getFirst());
    }

    static DataException damagedShard(String file, String what) {
        return new DataException(
                "DUN-606",
                "%s is damaged: %s".formatted(file, what),
                "prepare it again (dunlin data prepare), or copy it again from where it came");
    }

    static DataException unknownVersion(String file, int version, int known) {
        return new DataException(
                "DUN-607",
                "%s has format version %d, this program reads version %d".formatted(file, version, known),
                "prepare it again with this version: dunlin data prepare");
    }

    static DataException tokenOutside(String file, long position, int token, int vocabulary) {
        return new DataException(
                "DUN-608",
                format("%s: token %,d is %,d, but the vocabulary has %,d", file, position, token, vocabulary),
                "set data.tokenizer and model.vocab to those the file was made with");
    }

    static DataException notTokens(String file, String why) {
        return new DataException(
                "DUN-609",
                "%s is not a token file: %s".formatted(file, why),
                "dunlin data prepare makes token files from text; of others, those of llm.c and nanoGPT can be read");
    }

    static DataException unreadable(String file, IOException cause) {
        return new DataException(
                "DUN-602",
                "%s cannot be read: %s".formatted(file, reason(cause)),
                "check the path and its permissions",
                ExitCode.USAGE,
                cause);
    }

    static DataException unwritable(String file, IOException cause) {
        return new DataException(
                "DUN-610",
                "%s cannot be written: %s".formatted(file, reason(cause)),
                "free some space or choose another folder; nothing half-written was left behind",
                ExitCode.ENVIRONMENT,
                cause);
    }

    static DataException nothingMatches(String folder, String pattern) {
        return new DataException(
                "DUN-611",
                "no file matches \"%s\" in %s".formatted(pattern, folder),
                "dunlin data prepare makes token files from text");
    }

    static DataException otherTokenizer(String file, String has, String wanted) {
        return new DataException(
                "DUN-612",
                "%s was made with tokenizer \"%s\", the run uses \"%s\"".formatted(file, has, wanted),
                "--set data.tokenizer=" + has);
    }

    static DataException vocabularyTooSmall(String file, int has, int model) {
        return new DataException(
                "DUN-608",
                format("%s has a vocabulary of %,d, the model's is %,d", file, has, model),
                "--set model.vocab=" + has);
    }

    static DataException tooShort(String files, long tokens, int context) {
        return new DataException(
                "DUN-604",
                format(
                        "%s has %,d token%s; one sample of context %,d needs %,d",
                        files, tokens, tokens == 1 ? "" : "s", context, context + 1L),
                tokens > 2 ? "--set model.context=" + (tokens - 1) + " or less, or more text" : "give it more text");
    }

    static DataException stalled(String place, long waitedMs) {
        return new DataException(
                "DUN-615",
                format("waited %.1f s for data from %s", waitedMs / 1e3, place),
                "is the disk or the network file system under it alive?",
                ExitCode.ENVIRONMENT);
    }

    static DataException interrupted() {
        return new DataException("DUN-616", "interrupted while waiting for data", "", ExitCode.INTERRUPTED);
    }

    static DataException noSuchText(String text, String absolute) {
        return new DataException(
                "DUN-602",
                "data.text = \"%s\": there is no file or folder %s".formatted(text, absolute),
                "give a file, a folder, a .zip or a .jsonl; --set data.text=jdk-source is always there");
    }

    static DataException noText(String text, long files, Optional<String> firstSkipped) {
        String why = firstSkipped
                .map(first ->
                        format("its %,d file%s not text (the first: %s)", files, files == 1 ? " is" : "s are", first))
                .orElse(
                        files == 0
                                ? "there is no file in it"
                                : format("0 bytes in %,d file%s", files, files == 1 ? "" : "s"));
        return new DataException(
                "DUN-603",
                "data.text = \"%s\" holds no text: %s".formatted(text, why),
                "give another file or folder, or --set data.text=jdk-source");
    }

    static DataException badLine(String file, long line, String what) {
        return new DataException(
                "DUN-605",
                "%s:%d: %s".formatted(file, line, what),
                "each line must be an object such as {\"text\": \"...\"}; mend or remove the line");
    }

    static DataException badSetting(String what, String remedy) {
        return new DataException("DUN-617", what, remedy);
    }

    static DataException badBatch(String what) {
        return new DataException("DUN-613", what, "change train.tokens_per_step, train.micro_batch or model.context");
    }

    static DataException positionOutside(DataPosition position, long samples) {
        return new DataException(
                "DUN-614",
                format(
                        "the run is at sample %,d of pass %,d, but the data has %,d samples a pass",
                        position.sample(), position.epoch(), samples),
                "resume with the data and the model.context that the run began with");
    }

    private static String reason(IOException cause) {
        return switch (cause) {
            case NoSuchFileException e -> "there is no such file or folder";
            case AccessDeniedException e -> "permission denied";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        };
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
