//! `relaymeter man`: the page of the program and of each command.

use crate::{command_names, program, relaymeter};

#[test]
fn the_page_of_a_command() {
    insta::assert_snapshot!(relaymeter(&["man", "completions"]), @r#"
    exit 0
    --- stdout
    .ie \n(.g .ds Aq \(aq
    .el .ds Aq '
    .TH relaymeter-completions 1  "completions " 
    .SH NAME
    relaymeter\-completions \- Print a script that completes commands and options in a shell
    .SH SYNOPSIS
    \fBrelaymeter completions\fR [\fB\-\-config\fR] [\fB\-\-format\fR] [\fB\-\-output\fR] [\fB\-h\fR|\fB\-\-help\fR] <\fISHELL\fR> 
    .SH DESCRIPTION
    Print a script that completes commands and options in a shell
    .SH OPTIONS
    .TP
    \fB\-\-config\fR \fI<FILE>\fR
    Read standing settings from FILE instead of relaymeter.yaml in the working folder
    .TP
    \fB\-\-format\fR \fI<FORMAT>\fR
    How to write the result [default: table]
    .br

    .br
    \fIPossible values:\fR
    .RS 14
    .IP \(bu 2
    table
    .IP \(bu 2
    markdown
    .IP \(bu 2
    csv
    .IP \(bu 2
    json
    .RE
    .TP
    \fB\-\-output\fR \fI<FILE>\fR
    Write the result to FILE instead of standard output (\-); .svg and .png draw it
    .TP
    \fB\-h\fR, \fB\-\-help\fR
    Print help
    .TP
    <\fISHELL\fR>
    The shell that shall read the script
    .br

    .br
    \fIPossible values:\fR
    .RS 14
    .IP \(bu 2
    bash
    .IP \(bu 2
    elvish
    .IP \(bu 2
    fish
    .IP \(bu 2
    powershell
    .IP \(bu 2
    zsh
    .RE
    --- stderr
    "#);
}

#[test]
fn the_page_of_the_program_names_every_command() {
    let output = program().arg("man").output().unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    for command in command_names() {
        assert!(page.contains(&format!("relaymeter\\-{command}(1)")), "{command}");
    }
}

#[test]
fn an_unknown_command_has_no_page() {
    insta::assert_snapshot!(relaymeter(&["man", "compleat"]), @"
    exit 2
    --- stdout
    --- stderr
    error: 'compleat' is not a command of relaymeter

    Usage: relaymeter man [OPTIONS] [COMMAND]...

    For more information, try '--help'.
    ");
}
