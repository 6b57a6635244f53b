package io.dunlin.launcher.report;

/** A failure as a person reads it: code, what is wrong and where, what to do. */
public final class ErrorText {
    private ErrorText() {}

    /**
     * The text, with the end of its last line.
     *
     * @param style of the text
     * @param code for example {@code DUN-307}
     * @param message what is wrong and where; lines that begin with a code of their own are further failures
     * @param remedy what to do; may be empty
     */
    public static String of(Style style, String code, String message, String remedy) {
        String indent = "\n" + " ".repeat(code.length() + 2);
        StringBuilder text = new StringBuilder(style.alarm(code)).append("  ");
        text.append(indented(message, indent));
        if (!remedy.isEmpty()) {
            text.append(indent).append(indented(remedy, indent));
        }
        return text.append(indent)
                .append(style.faint("more: dunlin explain " + code))
                .append('\n')
                .toString();
    }

    /** What follows the stack trace of a bug of ours. */
    public static String bug(Style style, Version version) {
        return style.alarm("This is a bug in dunlin") + " " + version.number()
                + ", not in what you did. Please report it with the lines above and the command you gave.\n";
    }

    /** Indents all lines but those that begin with a code of their own. */
    private static String indented(String text, String indent) {
        return text.strip().replaceAll("\n(?!DUN-\\d)", indent);
    }
}
