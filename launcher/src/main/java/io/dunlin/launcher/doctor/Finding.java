package io.dunlin.launcher.doctor;

/** What a check found. */
public sealed interface Finding {
    /** For people: what was found, with its figures. */
    String text();

    /** As it should be. */
    record Ok(String text) implements Finding {}

    /** Training works, but not as well as it could; {@code remedy} says what helps. */
    record Warn(String text, String remedy) implements Finding {}

    /** Training will not work; {@code remedy} says what to do. */
    record Fail(String text, String remedy) implements Finding {}
}
