package io.dunlin.data;

/** The kinds of token file that can be read. */
public enum ShardFormat {
    /** This project's: header, tokens, checksums. */
    DUNLIN("dunlin"),
    /** Of llm.c: 256 ints of header (20240520, 1, count), then u16 tokens of GPT-2. */
    LLM_C_GPT2("llm.c, GPT-2"),
    /** Of llm.c: 256 ints of header (20240801, 7, count), then u32 tokens of Llama 3. */
    LLM_C_LLAMA3("llm.c, Llama 3"),
    /** Of nanoGPT: u16 tokens and nothing else. */
    RAW_U16("raw u16");

    private final String title;

    ShardFormat(String title) {
        this.title = title;
    }

    /** For people. */
    public String title() {
        return title;
    }
}
