package io.dunlin.launcher.report;

/** Whether text carries colours: on a terminal it does, in a file or pipe it does not. */
public enum Style {
    /** Text and nothing else. */
    PLAIN,
    /** With the escape sequences of ANSI terminals. */
    COLOURED;

    /** What must be seen: failures. */
    public String alarm(String text) {
        return in("31;1", text);
    }

    /** What should be seen: warnings. */
    public String warning(String text) {
        return in("33", text);
    }

    /** What went well. */
    public String good(String text) {
        return in("32", text);
    }

    /** What matters in a line. */
    public String strong(String text) {
        return in("1", text);
    }

    /** What is there for those who look for it. */
    public String faint(String text) {
        return in("2", text);
    }

    private String in(String code, String text) {
        return switch (this) {
            case PLAIN -> text;
            case COLOURED -> "\u001b[" + code + "m" + text + "\u001b[0m";
        };
    }
}
